#include "http/h1_writer.h"

#include <gtest/gtest.h>

#include "http/status.h"

namespace http {
namespace {

TEST(H1Writer, ARequestHeadHasTheFieldsOfTheCodecOnce) {
  RequestOut head;
  head.method = "PUT";
  head.target = "/a?b";
  head.authority = "up.example";
  head.fields.push(Field{"X-A", "1", FieldId::kOther, false});
  head.fields.push(Field{"X-Gone", "2", FieldId::kOther, true});
  head.has_body = true;
  head.content_length = 12;
  std::string out;
  append_request_head(out, head, false);
  EXPECT_EQ(out, "PUT /a?b HTTP/1.1\r\nHost: up.example\r\nX-A: 1\r\nContent-Length: 12\r\n\r\n");

  out.clear();
  head.content_length.reset();
  head.te_trailers = true;
  append_request_head(out, head, true);
  EXPECT_EQ(out,
            "PUT /a?b HTTP/1.1\r\nHost: up.example\r\nX-A: 1\r\nTE: trailers\r\nConnection: TE\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
}

TEST(H1Writer, AResponseHeadSaysHowItEnds) {
  ResponseOut head;
  head.status = 404;
  head.fields.push(Field{"X-A", "1", FieldId::kOther, false});
  std::string out;
  append_response_head(out, head, {.close = true, .complete_length = 3});
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\nX-A: 1\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
  out.clear();
  append_response_head(out, head, {.chunked = true});
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  out.clear();
  head.status = 204;
  append_response_head(out, head, {.complete_length = 0});
  EXPECT_EQ(out, "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n");
}

TEST(H1Writer, ChunkSizesAreHexadecimal) {
  std::string out;
  append_chunk_header(out, 500);
  EXPECT_EQ(out, "1f4\r\n");
}

TEST(Status, UnregisteredOnesHaveNoPhrase) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "");
}

}  // namespace
}  // namespace http
