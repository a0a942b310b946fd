#include "timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

namespace rbees::simulation {
namespace {

constexpr double label_width = 130;
constexpr double width = 1'400;
constexpr double lane_height = 18;
constexpr double bar_height = 12;

class Picture {
  public:
    explicit Picture(const Outcome& outcome)
        : end_(outcome.virtual_time), scale_((width - label_width) / std::max(1.0, seconds(outcome.virtual_time))) {
        for (const auto& line : outcome.trace) {
            draw(line);
        }
        for (const auto& [lane, since] : lives_) {
            bar(lane, since, end_, "#ddd", lane);
        }
        for (const auto& [attempt, since] : attempts_) {
            bar(attempt.first, since, end_, "#7aa7d9", attempt.second);
        }
    }

    [[nodiscard]] std::string svg() const {
        const auto height = lane_height * static_cast<double>(lanes_.size() + 2);
        auto text = fmt::format("<svg viewBox=\"0 0 {} {}\" font-size=11 font-family=system-ui>\n", width, height);
        for (const auto& [lane, number] : lanes_) {
            text += fmt::format("<text x=0 y={:.0f}>{}</text>\n", top(number) + bar_height - 2, escape_html(lane));
        }
        text += axis(height) + back_ + front_;
        return text + "</svg>\n";
    }

  private:
    static double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
    [[nodiscard]] double x(Duration at) const { return label_width + seconds(at) * scale_; }
    static double top(std::size_t lane) { return lane_height * static_cast<double>(lane + 1); }

    std::size_t lane_of(const std::string& name) { return lanes_.try_emplace(name, lanes_.size()).first->second; }

    [[nodiscard]] std::string axis(double height) const {
        constexpr int interval = 30;
        std::string text;
        for (int second = 0; second <= seconds(end_); second += interval) {
            const auto at = x(std::chrono::seconds(second));
            text += fmt::format("<path d=\"M{0:.1f} 12V{1:.0f}\" stroke=\"#eee\"/><text x={0:.1f} y=10>{2} s</text>\n",
                                at, height, second);
        }
        return text;
    }

    void draw(const TraceLine& line) {
        if (line.what == "starts") {
            lane_of(line.lane);
            lives_.try_emplace(line.lane, line.at);
        } else if (line.what == "dies") {
            end_life(line);
        } else if (line.what == "begins") {
            attempts_.try_emplace({line.lane, name_of(line)}, line.at);
        } else if (line.what == "generated" || line.what == "lease ends") {
            end_attempt(line.lane, name_of(line), line.at);
        } else if (line.what == "fault") {
            mark("faults", line.at, "#b00020", line.about);
        } else if (line.what == "reads") {
            mark("clients", line.at, "#3a8f4d", line.lane + ": " + line.about);
        }
    }

    static std::string name_of(const TraceLine& line) { return fmt::format("{} attempt {}", line.about, line.number); }

    void end_life(const TraceLine& line) {
        const auto life = lives_.extract(line.lane);
        if (life) bar(line.lane, life.mapped(), line.at, "#ddd", line.lane);
        std::vector<std::string> names;
        for (const auto& [attempt, since] : attempts_) {
            if (attempt.first == line.lane) names.push_back(attempt.second);
        }
        for (const auto& name : names) {
            end_attempt(line.lane, name, line.at);
        }
    }

    void end_attempt(const std::string& lane, const std::string& name, Duration at) {
        const auto attempt = attempts_.extract({lane, name});
        if (attempt) bar(lane, attempt.mapped(), at, "#7aa7d9", name);
    }

    void bar(const std::string& lane, Duration from, Duration to, std::string_view colour, const std::string& title) {
        auto& layer = colour == "#ddd" ? back_ : front_;
        layer += fmt::format(
            "<rect x={:.1f} y={:.0f} width={:.1f} height={} fill=\"{}\" opacity=.7><title>{}</title></rect>\n", x(from),
            top(lane_of(lane)), std::max(1.0, x(to) - x(from)), bar_height, colour, escape_html(title));
    }

    void mark(const std::string& lane, Duration at, std::string_view colour, const std::string& title) {
        front_ += fmt::format("<rect x={:.1f} y={:.0f} width=2 height={} fill=\"{}\"><title>{}</title></rect>\n", x(at),
                              top(lane_of(lane)), bar_height, colour,
                              escape_html(fmt::format("{:.3f} s {}", seconds(at), title)));
    }

    Duration end_;
    double scale_;
    std::map<std::string, std::size_t> lanes_;
    std::map<std::string, Duration> lives_;
    std::map<std::pair<std::string, std::string>, Duration> attempts_;
    std::string back_;
    std::string front_;
};

}  // namespace

std::string timeline(const Outcome& outcome) {
    return Picture(outcome).svg();
}

}  // namespace rbees::simulation
