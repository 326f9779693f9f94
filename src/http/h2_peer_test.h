#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/nghttp2_fields.h"
#include "io/socket.h"
#include "io/task.h"

namespace http {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A client of our HTTP/2 server: nghttp2's own client session. What it hears is kept per stream.
class H2Peer {
 public:
  struct Stream {
    std::string status;
    Pairs fields;
    Pairs trailers;
    std::string body;
    bool ended = false;
    bool closed = false;
    std::uint32_t code = 0;  // when closed
    std::string to_send;
    bool send_ends = true;
    bool said_continue = false;

    std::string field(std::string_view name) const {
      for (const auto& [key, value] : fields)
        if (key == name) return value;
      return "";
    }
  };

  // `window`: what the server may send per stream before we read; grows by itself when `reads`.
  explicit H2Peer(std::unique_ptr<io::Socket> socket, std::uint32_t window = 65'535,
                  bool reads = true)
      : socket_(std::move(socket)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &H2Peer::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &H2Peer::on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &H2Peer::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &H2Peer::on_close);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, reads ? 0 : 1);
    nghttp2_option_set_no_http_messaging(option, 1);  // it may say what it should not
    nghttp2_session_client_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1);
  }
  ~H2Peer() { nghttp2_session_del(session_); }
  H2Peer(const H2Peer&) = delete;
  H2Peer& operator=(const H2Peer&) = delete;

  static Pairs head(std::string method, std::string path) {
    return {{":method", std::move(method)},
            {":scheme", "https"},
            {":authority", "h"},
            {":path", std::move(path)}};
  }
  // Returns the stream's number. `ends`: after `body` comes END_STREAM.
  std::int32_t request(const Pairs& fields, std::string body = {}, bool ends = true) {
    std::vector<nghttp2_nv> nva;
    for (const auto& [name, value] : fields) nva.push_back(make_nv(name, value));
    nghttp2_data_provider provider{};
    provider.source.ptr = this;
    provider.read_callback = &H2Peer::read_body;
    const bool bare = body.empty() && ends;
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, nva.data(), nva.size(),
                                                   bare ? nullptr : &provider, nullptr);
    streams[id].to_send = std::move(body);
    streams[id].send_ends = ends;
    return id;
  }
  std::int32_t get(std::string path) { return request(head("GET", std::move(path))); }
  void more(std::int32_t id, std::string_view body, bool ends) {
    streams[id].to_send += body;
    streams[id].send_ends = ends;
    nghttp2_session_resume_data(session_, id);
  }
  void trailers(std::int32_t id, const Pairs& fields) {
    trailers_[id] = fields;
    nghttp2_session_resume_data(session_, id);
  }
  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }

  io::Task<void> flush() {
    while (true) {
      const std::uint8_t* data = nullptr;
      const auto size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0) co_return;
      const std::string bytes(view(data, static_cast<std::size_t>(size)));
      co_await socket_->write(bytes, socket_->loop().in(10'000));
    }
  }
  // Speaks and listens until that is so, or the connection has ended.
  io::Task<void> until(std::function<bool()> done) {
    co_await flush();
    while (!done() && !ended) {
      char buffer[32 * 1024];
      const auto got = co_await socket_->read(buffer, sizeof buffer, socket_->loop().in(10'000));
      EXPECT_NE(got, -ETIMEDOUT) << "what was waited for did not come";
      if (got <= 0) {
        ended = true;
        break;
      }
      nghttp2_session_mem_recv(session_, reinterpret_cast<std::uint8_t*>(buffer),
                               static_cast<std::size_t>(got));
      co_await flush();
    }
  }
  io::Task<void> until_closed(std::int32_t id) {
    co_await until([this, id] { return streams[id].closed; });
  }
  io::Task<void> until_end() {
    co_await until([] { return false; });
  }
  io::Task<void> raw(std::string bytes) {
    co_await flush();
    co_await socket_->write(bytes, socket_->loop().in(10'000));
  }
  void hang_up() {
    socket_.reset();
    ended = true;
  }

  std::map<std::int32_t, Stream> streams;
  bool ended = false;
  bool goaway = false;
  std::uint32_t goaway_code = 0;

 private:
  static H2Peer& self(void* user) { return *static_cast<H2Peer*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Stream& stream = self(user).streams[frame->hd.stream_id];
    const std::string key(view(name, name_size));
    const std::string text(view(value, value_size));
    if (key == ":status" && text == "100") {
      stream.said_continue = true;
    } else if (key == ":status") {
      stream.status = text;
    } else {
      const bool is_head = frame->headers.cat == NGHTTP2_HCAT_RESPONSE || stream.said_continue;
      (is_head && stream.body.empty() ? stream.fields : stream.trailers).emplace_back(key, text);
    }
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self(user).goaway = true;
      self(user).goaway_code = frame->goaway.error_code;
    }
    const bool ends = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (ends && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self(user).streams[frame->hd.stream_id].ended = true;
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    self(user).streams[id].body += view(data, size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    self(user).streams[id].closed = true;
    self(user).streams[id].code = code;
    return 0;
  }
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* out,
                           std::size_t capacity, std::uint32_t* flags, nghttp2_data_source* source,
                           void*) {
    H2Peer& peer = self(source->ptr);
    Stream& stream = peer.streams[id];
    const std::size_t size = std::min(capacity, stream.to_send.size());
    stream.to_send.copy(reinterpret_cast<char*>(out), size);
    stream.to_send.erase(0, size);
    if (stream.to_send.empty() && peer.trailers_.contains(id)) {
      *flags = NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      std::vector<nghttp2_nv> nva;
      for (const auto& [name, value] : peer.trailers_[id]) nva.push_back(make_nv(name, value));
      nghttp2_submit_trailer(session, id, nva.data(), nva.size());
    } else if (stream.to_send.empty() && stream.send_ends) {
      *flags = NGHTTP2_DATA_FLAG_EOF;
    } else if (size == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(size);
  }

  std::unique_ptr<io::Socket> socket_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Pairs> trailers_;
};

}  // namespace http
