#pragma once

// What every module that handles resources would otherwise parse again.
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "authv1.pb.h"
#include "corev1.pb.h"
#include "metav1.pb.h"
#include "userv1.pb.h"
