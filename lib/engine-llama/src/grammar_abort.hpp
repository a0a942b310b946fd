#pragma once
/// @file
/// llama.cpp aborts the process when a grammar allows nothing after what the model wrote, not even the end. That is the
/// fault of one request; so here this one abort becomes an exception, which its loop turns into an error for that
/// request alone.

namespace rbees::engine {

/// From now on, for the whole process. Every other abort of llama.cpp stays one, its message on stderr.
void survive_dead_ends_of_grammars();

}  // namespace rbees::engine
