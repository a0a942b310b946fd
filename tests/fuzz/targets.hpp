#pragma once
/// @file
/// Everything that reads bytes from outside, as functions of any bytes: for libFuzzer (entry.cpp), and for a test that
/// runs the seeds and some thousand changed ones (targets_test.cpp).
///
/// A target must return for whatever bytes. It ends the process (RBEES_ASSERT, a sanitizer) when a promise of the
/// reader does not hold: what was read and written again reads the same, pieces give the same as the whole, limits
/// hold.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rbees::fuzz {

struct Target {
    std::string_view name;
    void (*run)(std::string_view bytes);
    std::vector<std::string> (*seeds)();  ///< well-formed and nearly well-formed ones to begin with
};

[[nodiscard]] std::span<const Target> targets();

/// The target of that name; it must be there.
[[nodiscard]] const Target& target_named(std::string_view name);

// JSON and what is read from it.
void read_json(std::string_view bytes);
void read_task(std::string_view bytes);
void read_registration(std::string_view bytes);
void read_execution(std::string_view bytes);       ///< orders to a worker, and what it says of them
void read_generation(std::string_view bytes);      ///< the body of an OpenAI request, as a worker reads it
void read_order(std::string_view bytes);           ///< the body of POST /execute, down to what the engine makes of it
void read_journal_record(std::string_view bytes);  ///< the first line is the type, the rest the body

// The wire.
void read_request(std::string_view bytes);
void read_answer(std::string_view bytes);
void read_events(std::string_view bytes);
void read_answer_head(std::string_view bytes);
void read_url(std::string_view bytes);
void read_query(std::string_view bytes);  ///< a request that is an empty POST with this head, or has this query
void read_trail(std::string_view bytes);  ///< a worker's stream on its way to the client

// Files.
void read_model_header(std::string_view bytes);
void read_configuration(std::string_view bytes);

// Words of users.
void read_simulated_model(std::string_view bytes);
void read_quantities(std::string_view bytes);

}  // namespace rbees::fuzz
