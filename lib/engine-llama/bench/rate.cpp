/// @file
/// Measures the engine without anything around it: tokens/s at a number of parallel requests, time to the first token,
/// and how long a cancelled prompt holds its slot.
///
///   rbees_engine_rate MODEL.gguf [parallel] [threads] [tokens] [batch]      threads or batch 0 = chosen at load

#include <fmt/format.h>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "rbees/engine_llama/llama.hpp"

namespace rbees::engine {
namespace {

struct Settings {
    std::string model;
    std::uint32_t parallel = 1;
    std::uint32_t threads = 0;
    std::uint32_t tokens = 128;
    std::uint32_t batch = 0;
};

/// Processor time of this process: a measure that other processes hardly disturb.
double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(Instant start) {
    return std::chrono::duration<double>(BootClock::now() - start).count();
}

std::string body(std::uint32_t tokens, int number) {
    return fmt::format(
        R"({{"prompt":"{} Once upon a time","max_tokens":{},"stream":true,"temperature":0,"ignore_eos":true}})", number,
        tokens);
}

void read_all(Answer& answer) {
    (void)answer.head();
    while (answer.next()) {
    }
}

double tokens_per_second(Engine& engine, const Settings& settings) {
    std::vector<std::thread> threads;
    const auto started = BootClock::now();
    for (std::uint32_t i = 0; i < settings.parallel; ++i) {
        threads.emplace_back([&engine, &settings, i] {
            const auto answer = engine.start({.operation = Operation::completion,
                                              .body = body(settings.tokens, static_cast<int>(i)),
                                              .ids = TokenIds::left_out});
            read_all(*answer);
        });
    }
    for (auto& thread : threads)
        thread.join();
    return settings.parallel * settings.tokens / seconds_since(started);
}

double first_token_seconds(Engine& engine) {
    const auto started = BootClock::now();
    const auto answer =
        engine.start({.operation = Operation::completion, .body = body(1, 99), .ids = TokenIds::left_out});
    (void)answer->head();
    return seconds_since(started);
}

/// From cancel to free slot, in the middle of a long prompt.
double cancel_seconds(Engine& engine) {
    std::string prompt;
    for (std::uint64_t i = 0; i + 100 < std::min<std::uint64_t>(engine.capabilities().context.value, 2000); ++i) {
        prompt += " river";
    }
    const auto answer = engine.start({.operation = Operation::completion,
                                      .body = R"({"prompt":")" + prompt + R"(","cache_prompt":false})",
                                      .ids = TokenIds::left_out});
    std::thread reader([&] { (void)answer->head(); });
    while (engine.counters().slots_busy == 0)
        std::this_thread::yield();
    const auto started = BootClock::now();
    answer->cancel();
    reader.join();
    while (engine.counters().slots_busy != 0)
        std::this_thread::yield();
    return seconds_since(started);
}

int measure(const Settings& settings) {
    LoadPlan plan{
        .model_path = settings.model, .model_name = "bench", .slots = settings.parallel, .context = Tokens(2048)};
    if (settings.threads != 0) plan.threads = settings.threads;
    if (settings.batch != 0) plan.batch = settings.batch;
    const auto started = BootClock::now();
    const auto engine = load_llama(plan, {}, Logger());
    if (!engine) {
        fmt::print(stderr, "{}\n", describe(engine.error().failure));
        return 1;
    }
    const auto& chosen = (*engine)->capabilities();
    const auto step = chosen.step ? describe(*chosen.step) : "not measured";
    fmt::print("load {:.2f} s, threads {}, batch {}, step {}\n", seconds_since(started), chosen.threads, chosen.batch,
               step);
    for (int round = 0; round < 3; ++round) {
        const double before = cpu_seconds();
        const double rate = tokens_per_second(**engine, settings);
        const double each = (cpu_seconds() - before) / (settings.parallel * settings.tokens);
        fmt::print("{} parallel: {:.1f} tokens/s, {:.2f} ms of CPU each\n", settings.parallel, rate, each * 1e3);
    }
    fmt::print("first token {:.1f} ms\n", first_token_seconds(**engine) * 1e3);
    fmt::print("slot free after cancel {:.1f} ms\n", cancel_seconds(**engine) * 1e3);
    const auto counters = (*engine)->counters();
    fmt::print("prompt {:.0f} tokens/s\n",
               static_cast<double>(counters.tokens_in.value - counters.tokens_cached.value) / counters.prefill_seconds);
    return 0;
}

int run(std::span<char*> arguments) {
    if (arguments.size() < 2) {
        fmt::print(stderr, "usage: rbees_engine_rate MODEL.gguf [parallel] [threads] [tokens] [batch]\n");
        return 2;
    }
    Settings settings{.model = arguments[1]};
    const auto number = [&](std::size_t place, std::uint32_t otherwise) {
        return arguments.size() > place ? static_cast<std::uint32_t>(std::atoi(arguments[place])) : otherwise;
    };
    settings.parallel = std::max(1U, number(2, 1));
    settings.threads = number(3, 0);
    settings.tokens = std::max(1U, number(4, 128));
    settings.batch = number(5, 0);
    return measure(settings);
}

}  // namespace
}  // namespace rbees::engine

int main(int argc, char** argv) {
    return rbees::engine::run({argv, static_cast<std::size_t>(argc)});
}
