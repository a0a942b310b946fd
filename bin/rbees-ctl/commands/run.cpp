#include <fmt/format.h>

#include "cli/session.hpp"
#include "client/chat.hpp"
#include "commands/handlers.hpp"
#include "commands/input.hpp"
#include "commands/preference.hpp"
#include "output/words.hpp"

namespace rbees::ctl {
namespace {

/// Shows the answer as it comes: text on stdout, the rest on stderr.
class AnswerView {
  public:
    explicit AnswerView(Session& session) : console_(session.console()), progress_(console_.progress()) {}

    [[nodiscard]] ChatListener listener(const std::string& model) {
        return {.on_text = [this](std::string_view text) { take_text(text); },
                .on_thought = [this](std::string_view text) { take_thought(text); },
                .on_loading = [this, model](double share) { take_loading(model, share); }};
    }

    /// Leaves the cursor in the first column, whatever came.
    void finish() {
        progress_.clear();
        end_thought();
        if (!last_.empty() && last_.back() != '\n') console_.print("\n");
    }

  private:
    void take_text(std::string_view text) {
        if (text.empty()) return;
        progress_.clear();
        end_thought();
        if (console_.form() == OutputForm::json) return;
        console_.print(text);
        last_ = text.substr(text.size() - 1);
    }

    void take_thought(std::string_view text) {
        if (console_.err().terminal == Terminal::no || text.empty()) return;
        progress_.clear();
        console_.write_aside(paint(console_.err().colour, Tone::faint, text));
        is_thinking_ = true;
    }

    void end_thought() {
        if (is_thinking_) console_.write_aside("\n\n");
        is_thinking_ = false;
    }

    void take_loading(const std::string& model, double share) {
        if (console_.err().terminal == Terminal::no) return;  // a pipe wants the answer only
        progress_.show(fmt::format("loading {} ... {}", model, percent(share)), BootClock::now());
    }

    Console& console_;
    ProgressLine progress_;
    std::string last_;
    bool is_thinking_ = false;
};

}  // namespace

Outcome run_run(Session& session, const Arguments& arguments) {
    auto prompt = read_prompt(session, arguments.required("PROMPT"), "rbees run \"Why is the sky blue?\"");
    if (!prompt) return std::unexpected(prompt.error());
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto model = preferred_model(session, **api, arguments.text("--model"));
    if (!model) return std::unexpected(model.error());

    const Question question{.model = model->str(),
                            .prompt = std::move(*prompt),
                            .system = arguments.text("--system"),
                            .max_tokens = arguments.whole_number("--max-tokens"),
                            .temperature = arguments.number("--temperature")};
    AnswerView view(session);
    const auto answer = ask(**api, question, view.listener(question.model));
    view.finish();
    if (!answer) return std::unexpected(answer.error());
    if (session.is_json()) session.console().print_json(reflect::to_json(*answer));
    if (answer->finish_reason == "length")
        session.console().note("(cut at the limit of tokens; --max-tokens gives it more)");
    return ExitCode::ok;
}

}  // namespace rbees::ctl
