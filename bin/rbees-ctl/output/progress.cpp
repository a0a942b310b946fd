#include "output/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "output/terminal_text.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""s;

constexpr Duration window = 5s;         ///< of the rate
constexpr Duration line_interval = 5s;  ///< between lines that nobody redraws
constexpr std::size_t bar_cells = 24;
constexpr std::array spinner{"|", "/", "-", "\\"};

std::string rate_and_rest(const Transfer& transfer) {
    if (!transfer.per_second || transfer.per_second->value == 0) return {};
    auto text = fmt::format(", {}/s", describe(*transfer.per_second));
    if (transfer.total && transfer.total->value > transfer.done.value) {
        const auto seconds = (transfer.total->value - transfer.done.value) / transfer.per_second->value;
        if (seconds > 0) text += fmt::format(", {} left", describe(Duration(std::chrono::seconds(seconds))));
    }
    return text;
}

}  // namespace

void RateMeter::add(Bytes done, Instant now) {
    if (!samples_.empty() && done < samples_.back().second) samples_.clear();  // another source, from its beginning
    samples_.emplace_back(now, done);
    while (samples_.size() > 2 && samples_.front().first + window < now) {
        samples_.pop_front();
    }
}

std::optional<Bytes> RateMeter::per_second() const {
    if (samples_.size() < 2) return std::nullopt;
    const auto span = std::chrono::duration<double>(samples_.back().first - samples_.front().first).count();
    if (span <= 0) return std::nullopt;
    const auto bytes = static_cast<double>(samples_.back().second.value - samples_.front().second.value);
    return Bytes(static_cast<std::uint64_t>(bytes / span));
}

std::string render_bar(double share, std::size_t cells) {
    const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(cells));
    return fmt::format("[{}{}]", std::string(filled, '#'), std::string(cells - filled, '.'));
}

std::string render(const Transfer& transfer) {
    const auto& [name, phase, done, total, per_second] = transfer;
    if (!total || total->value == 0) {
        return fmt::format("{}  {}  {}{}", name, phase, describe(done), rate_and_rest(transfer));
    }
    const auto share = std::min(1.0, static_cast<double>(done.value) / static_cast<double>(total->value));
    return fmt::format("{}  {} {} {:3} %  {} of {}{}", name, phase, render_bar(share, bar_cells),
                       static_cast<int>(share * 100), describe(done), describe(*total), rate_and_rest(transfer));
}

void ProgressLine::show(std::string_view line, Instant now) {
    if (terminal_ == Terminal::yes) {
        write_(fmt::format("\r{} {}\x1b[K", spinner[ticks_++ % spinner.size()], for_terminal(line, Colour::off)));
        written_at_ = now;
        return;
    }
    if (written_at_ && now < *written_at_ + line_interval) return;
    written_at_ = now;
    write_(fmt::format("{}\n", line));
}

void ProgressLine::clear() {
    if (terminal_ == Terminal::yes && written_at_) write_("\r\x1b[K");
    written_at_.reset();
}

}  // namespace rbees::ctl
