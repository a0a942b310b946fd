#include <gtest/gtest.h>
#include <llama.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "busy_process.hpp"
#include "machine.hpp"
#include "models.hpp"
#include "thread_governor.hpp"

namespace rbees::engine::testing {
namespace {

using std::chrono_literals::operator""ms;

TEST(Threads, AreFewerBesideAProcessThatKeepsACoreBusy) {
    const BusyProcess other;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto free = allowed_cores();

    while (free > allowed_cores() - 0.5 && std::chrono::steady_clock::now() < deadline)
        free = measure_free_cores(sample_cpu(), 100ms);

    EXPECT_LE(free, allowed_cores() - 0.5);
}

/// The trap: without OpenMP, or with threads that spin while they wait, a generation takes 20 to 60 times as long as
/// soon as another process displaces one of them.
TEST(Threads, SleepWhileTheyWaitForEachOther) {
    const auto* before = std::getenv("OMP_WAIT_POLICY");
    const bool is_set_otherwise = before != nullptr && before != std::string_view("passive");
    if (!chat_engine()) GTEST_SKIP() << no_model;

    EXPECT_NE(std::string_view(llama_print_system_info()).find("OPENMP = 1"), std::string_view::npos)
        << llama_print_system_info();
    if (is_set_otherwise) GTEST_SKIP() << "not run: OMP_WAIT_POLICY is set from outside";
    EXPECT_STREQ(std::getenv("OMP_WAIT_POLICY"), "passive");
    EXPECT_STREQ(std::getenv("KMP_BLOCKTIME"), "0");
}

struct FreeModel {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
struct FreeContext {
    void operator()(llama_context* context) const { llama_free(context); }
};

TEST(ThreadGovernor, HandsTheNewNumberToTheContextWithItsNextStep) {
    const auto file = model_file("smollm2.sh");
    if (!file) GTEST_SKIP() << no_model;
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    const std::unique_ptr<llama_model, FreeModel> model(
        llama_model_load_from_file(file->c_str(), llama_model_default_params()));
    auto params = llama_context_default_params();
    params.n_ctx = 256;
    params.n_threads = 1;
    params.n_threads_batch = 1;
    ThreadGovernor governor(1, Logger());
    const std::unique_ptr<llama_context, FreeContext> context(llama_init_from_model(model.get(), params));
    governor.attach(context.get());
    const auto step = [&] {
        llama_token token = 1;
        ASSERT_EQ(llama_decode(context.get(), llama_batch_get_one(&token, 1)), 0);
    };

    for (int seen = 0; seen < 3; ++seen)
        governor.note(4.0);
    step();
    EXPECT_EQ(llama_n_threads(context.get()), 3);
    EXPECT_EQ(llama_n_threads_batch(context.get()), 3);

    governor.note(2.0);
    step();
    EXPECT_EQ(llama_n_threads(context.get()), 1);
}

}  // namespace
}  // namespace rbees::engine::testing
