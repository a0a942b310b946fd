#pragma once
/// @file
/// The model files of this home: `HOME/models/<slug>.gguf`, each with a manifest `<slug>.json` beside it.
///
/// A file is in the store only with its manifest, which is written last; so what the store lists was verified. The
/// bytes are shared with the cache of all homes by hard links where the file system allows it.

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
};
BOOST_DESCRIBE_STRUCT(Manifest, (), (id, file, size, sha256, kind, sources))

/// A manifest beside `file`, if it is there, readable and the file has its size.
[[nodiscard]] std::optional<Manifest> read_manifest(const std::filesystem::path& json);
[[nodiscard]] Result<void> write_manifest(const std::filesystem::path& json, const Manifest& manifest);

/// Used on the loop's thread, but for `place`, which blocks.
class ModelStore {
  public:
    /// Lists what `folder` holds. A file that is missing or has another size than its manifest says is left out, with a
    /// warning.
    ModelStore(std::filesystem::path folder, const Logger& log);

    [[nodiscard]] const Manifest* find(const ModelId& id) const;
    [[nodiscard]] std::vector<contracts::ModelReport> reports() const;

    /// Where the bytes of a model in the store lie. Fails if they have gone or changed their size since they were
    /// listed.
    [[nodiscard]] Result<std::filesystem::path> path_of(const ModelId& id) const;

    /// Puts a verified file into the folder under the model's name: linked, else cloned or copied. Touches no state.
    [[nodiscard]] Result<void> place(const std::filesystem::path& verified, const ModelId& id) const;

    /// Writes the manifest of a placed file, and lists it from now on.
    [[nodiscard]] Result<void> add(Manifest manifest);

    /// Takes the manifest, then the file away.
    [[nodiscard]] Result<void> remove(const ModelId& id);

  private:
    [[nodiscard]] std::filesystem::path file_of(const ModelId& id) const;

    std::filesystem::path folder_;
    std::map<ModelId, Manifest> models_;
};

}  // namespace rbees::poold
