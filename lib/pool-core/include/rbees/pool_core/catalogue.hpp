#pragma once
/// @file
/// The models that rbees knows by a short name, and how a reference by hand (`hf:`, `file:`) becomes one.
///
/// A model's public id is its slug. Its sources are tried in order; they carry the same model in the same quantisation,
/// but not necessarily the same bytes, so a hash stands only where the bytes were checked. Elsewhere the first download
/// pins it. Sizes are for people and for checks of free space, rounded where they come from a listing.

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/models.hpp"

namespace rbees::pool {

/// Slugs are file names, too, so they are kept short.
inline constexpr std::size_t slug_length_max = 96;

/// The built-in catalogue, by id.
[[nodiscard]] std::span<const contracts::ModelSpec> catalogue();

/// The catalogue's entry of that id, or nullptr.
[[nodiscard]] const contracts::ModelSpec* find_in_catalogue(const ModelId& id);

/// What to use where no model is named: the best small instruct model first, the one that comes as a package (so it can
/// be had without Hugging Face) last. Every one is in the catalogue.
[[nodiscard]] std::span<const ModelId> default_models();

/// Whether the text is 1 to 96 of `[a-z0-9._:-]`, starting with a letter or digit.
[[nodiscard]] bool is_slug(std::string_view text);

/// Whether the id names the simulated engine (`sim:...`), which needs no file.
[[nodiscard]] bool is_simulated(const ModelId& id);

/// What a person wrote for a model, as a ModelSpec:
/// - a slug of the catalogue;
/// - `hf:org/repo[@revision][::file=path.gguf]`: the catalogue's entry if one of its sources is exactly that, else a
///   new one. Without a file, the downloader chooses one (`choose_gguf`);
/// - `file:/absolute/path.gguf`.
/// The id of a new one is the file's or repository's name for people, and a digest of the source: many repositories
/// have a `ggml-model-q4_0.gguf`. Fails with a sentence for people.
[[nodiscard]] std::expected<contracts::ModelSpec, std::string> resolve_reference(std::string_view reference);

/// With what such a model is fetched again: the reference that its id was made of, else the id itself.
[[nodiscard]] std::string reference_for(const ModelId& id, std::span<const contracts::ModelSource> sources);

/// What is wrong with a source that somebody described, in words; nothing if it can be tried. Parts of it become
/// addresses, paths and arguments of programs.
[[nodiscard]] std::optional<std::string> fault_of(const contracts::ModelSource& source);

/// "huggingface Qwen/Qwen3-4B-GGUF Qwen3-4B-Q4_K_M.gguf": names a source, for people and for digests.
[[nodiscard]] std::string describe_source(const contracts::ModelSource& source);

/// Whether bytes with that hash, which came from one of `sources`, are those of the model: they have the hash that it
/// must have or, where no hash is known, a source in common with it.
[[nodiscard]] bool is_same_model(const contracts::ModelSpec& spec, std::span<const contracts::ModelSource> sources,
                                 std::string_view sha256);

/// The file of a repository's listing that suits best: one whole GGUF, Q4_K_M before other quantisations.
[[nodiscard]] std::optional<std::string> choose_gguf(const std::vector<std::string>& files);

/// Where a Hugging Face source's file lies under an endpoint such as "https://huggingface.co".
[[nodiscard]] std::string huggingface_url(std::string_view endpoint, const contracts::ModelSource& source);

}  // namespace rbees::pool
