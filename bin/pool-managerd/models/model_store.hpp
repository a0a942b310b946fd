#pragma once
/// @file
/// The model files of this home: `HOME/models/<slug>.gguf`, each with a manifest `<slug>.json` beside it.
///
/// A file is in the store only with its manifest, which is written last; so what the store lists was verified. What is
/// found at a start with another size, or without its file, is kept apart as damaged. The bytes are shared with the
/// cache of all homes by hard links where the file system allows it.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/failure.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/models.hpp"

namespace rbees::poold {

/// `<slug>.json`, of the store and of the cache.
struct Manifest {
    ModelId id;
    std::string file;
    Bytes size;
    std::string sha256;
    contracts::ModelKind kind = contracts::ModelKind::chat;
    std::vector<contracts::ModelSource> sources;
    std::optional<std::int64_t> modified_ns;  ///< of the file when its bytes were verified, since 1970
};
BOOST_DESCRIBE_STRUCT(Manifest, (), (id, file, size, sha256, kind, sources, modified_ns))

/// The manifest at `json`, if it is there, readable, and the model file beside it has the size that it says.
[[nodiscard]] std::optional<Manifest> read_manifest(const std::filesystem::path& json);

/// Brings the bytes of a file to the disk, before a manifest says that they are there: a start looks only at its size.
/// Writing the manifest syncs the folder, which holds the file's name.
[[nodiscard]] Result<void> sync_file(const std::filesystem::path& file);

/// Writes it, with the file's time of now: the caller has verified the bytes.
[[nodiscard]] Result<void> write_manifest(const std::filesystem::path& json, Manifest& manifest);

/// Whether a file looks as it was when its bytes were verified: by its size and the time of its last change.
[[nodiscard]] bool is_as_verified(const std::filesystem::path& file, const Manifest& manifest);

/// A model that was here, and what is wrong with it now. Where its manifest cannot be read, that knows the id alone.
struct DamagedModel {
    Manifest manifest;
    Failure fault;  ///< the remedy is what fetches it again or takes it away
};

/// Used on the loop's thread, but for `place`, which blocks.
class ModelStore {
  public:
    /// Lists what `folder` holds. A model whose file is missing or has another size than its manifest says, or whose
    /// manifest cannot be read, is damaged, which is also logged.
    ModelStore(std::filesystem::path folder, const Logger& log);

    [[nodiscard]] const Manifest* find(const ModelId& id) const;
    [[nodiscard]] std::vector<contracts::ModelReport> reports() const;

    /// Those that are not in the store although they were, by id; until they are added again or removed.
    [[nodiscard]] const std::map<ModelId, DamagedModel>& damaged() const { return damaged_; }

    /// Where the bytes of a model in the store lie. Fails if they have gone or changed their size since they were
    /// listed.
    [[nodiscard]] Result<std::filesystem::path> path_of(const ModelId& id) const;

    /// Whether a listed model's file looks as it was when its bytes were verified.
    [[nodiscard]] bool is_as_verified(const ModelId& id) const;

    /// `<slug>.jinja`, if somebody has put one there: a chat template to be used instead of the model's own.
    [[nodiscard]] std::optional<std::filesystem::path> chat_template_of(const ModelId& id) const;

    /// Puts a verified file into the folder under the model's name: linked, else cloned or copied. Touches no state.
    [[nodiscard]] Result<void> place(const std::filesystem::path& verified, const ModelId& id) const;

    /// Takes a placed file away again that was not added.
    void withdraw(const ModelId& id) const;

    /// Writes the manifest of a placed file, or of one that was verified again, and lists it from now on.
    [[nodiscard]] Result<void> add(Manifest manifest);

    /// Takes the manifest, then the file away; of a damaged model, what is left of the two.
    [[nodiscard]] Result<void> remove(const ModelId& id);

  private:
    void list(const std::filesystem::path& json, const Logger& log);
    [[nodiscard]] std::filesystem::path file_of(const ModelId& id) const;

    std::filesystem::path folder_;
    std::map<ModelId, Manifest> models_;
    std::map<ModelId, DamagedModel> damaged_;
};

}  // namespace rbees::poold
