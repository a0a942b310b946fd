#pragma once
/// @file
/// An HTTP/1.0 client on a plain socket: one request, read as slowly as a test wants, left whenever it wants. Bodies
/// come without framing, so that a test sees what a client sees.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace rbees::orcd {

struct Asking {
    std::uint16_t port = 0;
    std::string_view method = "GET";
    std::string_view target = "/";
    std::string_view token;
    std::string_view body;
    std::string_view header;  ///< one more, as "Name: value"
};

class Conversation {
  public:
    /// Connects and sends. Every wait ends after 30 s, whatever still comes; running into that fails the test.
    explicit Conversation(const Asking& asking);
    ~Conversation() { leave(); }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    /// Reads until that text has come. False at the end of the stream.
    bool wait_for(std::string_view text);

    /// Reads to the end.
    std::string body();
    /// 0 if the connection was cut before an answer.
    int status();
    const std::string& received() const { return received_; }

    /// Closes our side.
    void leave();

  private:
    enum class Read : unsigned char { some, end };
    Read read_some(std::chrono::steady_clock::time_point limit);

    int socket_ = -1;
    std::string received_;
};

/// A whole answer.
struct Answer {
    int status = 0;
    std::string head;
    std::string body;
};
Answer ask_once(const Asking& asking);

}  // namespace rbees::orcd
