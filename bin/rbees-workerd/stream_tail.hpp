#pragma once
/// @file
/// Whether a stream that passes by ends as a whole one does: with `data: [DONE]`. An engine that fails in the middle
/// ends without it.

#include <string>
#include <string_view>

namespace rbees::workerd {

class StreamTail {
  public:
    /// The next bytes of the stream.
    void note(std::string_view bytes) {
        if (bytes.size() >= done.size()) {
            tail_ = bytes.substr(bytes.size() - done.size());
            return;
        }
        tail_ += bytes;
        if (tail_.size() > done.size()) tail_.erase(0, tail_.size() - done.size());
    }

    [[nodiscard]] bool is_whole() const { return tail_ == done; }

  private:
    static constexpr std::string_view done = "data: [DONE]\n\n";
    std::string tail_;
};

}  // namespace rbees::workerd
