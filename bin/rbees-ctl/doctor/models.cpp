#include <fmt/format.h>

#include <algorithm>
#include <boost/describe/class.hpp>
#include <fstream>
#include <system_error>
#include <vector>

#include "doctor/checks.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/shell.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::ctl {

/// What a manifest beside a model's file says of it; the pool manager knows more.
struct ManifestSeen {
    std::string id;
    std::string file;
    Bytes size;
    std::string sha256;
    std::vector<contracts::ModelSource> sources;
};
BOOST_DESCRIBE_STRUCT(ManifestSeen, (), (id, file, size, sha256, sources))

namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

std::string hash_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string chunk(chunk_bytes, '\0');
    Sha256 hash;
    while (stream) {
        stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        hash.update(std::string_view(chunk).substr(0, static_cast<std::size_t>(stream.gcount())));
    }
    return to_hex(hash.finish());
}

Finding damaged(const ManifestSeen& manifest, std::string_view what, Depth depth = Depth::sizes) {
    return {"model." + manifest.id, Verdict::bad, fmt::format("model {}: its file {}", manifest.id, what),
            fmt::format("rbees models pull {}{}", depth == Depth::hashes ? "--verify " : "",
                        shell_word(pool::reference_for(ModelId(manifest.id), manifest.sources)))};
}

Finding judge_model(const fs::path& folder, const ManifestSeen& manifest, Depth depth) {
    std::error_code error;
    const auto file = folder / fs::path(manifest.file).filename();
    const auto size = fs::file_size(file, error);
    if (error) return damaged(manifest, "is missing");
    if (size != manifest.size.value) {
        return damaged(manifest, fmt::format("has {} bytes instead of {}", size, manifest.size.value));
    }
    if (depth == Depth::hashes && hash_of(file) != manifest.sha256)
        return damaged(manifest, "is corrupt: its hash is wrong", depth);
    const auto checked = depth == Depth::hashes ? "size and hash are right" : "its size is right";
    return {"model." + manifest.id, Verdict::good, fmt::format("model {}: {}", manifest.id, checked), {}};
}

}  // namespace

void check_models(const Home& home, Depth depth, Findings& findings) {
    std::error_code error;
    std::vector<fs::path> manifests;
    for (const auto& entry : fs::directory_iterator(home.models, error)) {
        if (entry.path().extension() == ".json") manifests.push_back(entry.path());
    }
    std::ranges::sort(manifests);
    for (const auto& path : manifests) {
        const auto manifest = reflect::from_json_text<ManifestSeen>(read_file(path).value_or(""));
        if (manifest) {
            findings.push_back(judge_model(home.models, *manifest, depth));
        } else {
            findings.push_back({"model." + path.stem().native(), Verdict::bad,
                                fmt::format("{} is damaged: {}", path.native(), reflect::describe(manifest.error())),
                                fmt::format("rm {}, then rbees models pull {}", shell_word(path.native()),
                                            shell_word(path.stem().native()))});
        }
    }
}

}  // namespace rbees::ctl
