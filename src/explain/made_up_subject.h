#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "extv1.pb.h"
#include "policy/subject.h"
#include "resource/references.h"

namespace explain {

namespace extv1 = octelium::api::ext::v1;
namespace corev1 = resource::corev1;

// The User that an Identity names, with its Groups and a Session that nobody began.
class MadeUpSubject {
 public:
  // kNotFound, with the nearest name, for a User that is not there.
  static base::Result<MadeUpSubject> make(const extv1::Identity& identity,
                                          const resource::References& resources,
                                          base::WallTime now);

  // Without Service and Namespace; refers to this.
  policy::Subject subject() const;

 private:
  corev1::User user_;
  std::vector<std::shared_ptr<const resource::Message>> kept_;
  std::vector<const corev1::Group*> groups_;
  corev1::Session session_;
  std::optional<corev1::Device> device_;
};

// "the User "alcie" does not exist; did you mean "alice"?"
base::Error unknown(resource::Kind kind, const std::string& name,
                    const resource::References& resources);

}  // namespace explain
