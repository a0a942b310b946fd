#include "grammar_abort.hpp"

#include <ggml.h>

#include <cstdio>
#include <stdexcept>
#include <string_view>

namespace rbees::engine {
namespace {

/// Throws through ggml's C function, which has no state to lose and is compiled with unwind tables.
void aborted(const char* message) {
    if (std::string_view(message).find("llama-grammar.cpp") != std::string_view::npos) {
        throw std::runtime_error("The grammar allows nothing after what the model wrote.");
    }
    std::fprintf(stderr, "%s\n", message);
}

}  // namespace

void survive_dead_ends_of_grammars() {
    (void)ggml_set_abort_callback(aborted);
}

}  // namespace rbees::engine
