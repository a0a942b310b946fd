/// @file
/// Writes the pages of docs/reference into a folder; `tools/dev docs` runs it.

#include <cstdio>
#include <filesystem>

#include "rbees/base/files.hpp"
#include "rbees/contracts/reference.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: write_reference FOLDER\n");
        return 2;
    }
    for (const auto& page : rbees::contracts::reference_pages()) {
        const auto path = std::filesystem::path(argv[1]) / page.file;
        if (auto written = rbees::write_file_atomically(path, page.text, rbees::FileAccess::everyone); !written) {
            std::fprintf(stderr, "write_reference: %s\n", rbees::describe(written.error()).c_str());
            return 1;
        }
    }
    return 0;
}
