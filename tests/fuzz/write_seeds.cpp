/// Writes the seeds of every target into FOLDER/<target>/, for libFuzzer.

#include <filesystem>
#include <fstream>
#include <iostream>

#include "targets.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "Usage: " << argv[0] << " FOLDER\n";
        return 2;
    }
    for (const auto& target : rbees::fuzz::targets()) {
        const auto folder = std::filesystem::path(argv[1]) / target.name;
        std::filesystem::create_directories(folder);
        int number = 0;
        for (const auto& seed : target.seeds()) {
            std::ofstream(folder / ("seed-" + std::to_string(++number)), std::ios::binary) << seed;
        }
        std::cout << target.name << '\n';
    }
}
