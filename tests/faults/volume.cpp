#include "volume.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>

#include "copying.hpp"
#include "real.hpp"

namespace rbees::faults {
namespace {

namespace fs = std::filesystem;

/// The files of a tree, relative to it.
std::set<std::string> names_below(const fs::path& tree) {
    std::set<std::string> names;
    std::error_code ignored;  // a folder that is not there has none
    for (const auto& entry : fs::recursive_directory_iterator(tree, ignored)) {
        if (entry.is_regular_file(ignored)) names.insert(entry.path().lexically_relative(tree).native());
    }
    return names;
}

std::set<std::string> lines_of(const fs::path& file) {
    std::set<std::string> lines;
    std::ifstream input(file);
    for (std::string line; std::getline(input, line);)
        lines.insert(line);
    return lines;
}

}  // namespace

std::unique_ptr<Volume> Volume::power_on(fs::path folder, fs::path durable, std::string only) {
    fs::create_directories(durable / "files");
    const int lock = open_own(durable / "lock");
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return nullptr;
    }
    return std::unique_ptr<Volume>(new Volume(std::move(folder), std::move(durable), std::move(only), lock));
}

Volume::Volume(fs::path folder, fs::path durable, std::string only, int lock)
    : folder_(std::move(folder)), durable_(std::move(durable)), only_(std::move(only)), lock_(lock) {
    restore();
    fs::remove_all(durable_ / "nameless");
    fs::create_directories(durable_ / "nameless");
    touched_file_ = open_own(durable_ / "touched", O_TRUNC | O_APPEND);
}

Volume::~Volume() {
    ::close(touched_file_);
    ::close(lock_);
}

void Volume::restore() {
    auto names = lines_of(durable_ / "touched");
    names.merge(names_below(durable_ / "files"));
    for (const auto& name : names)
        restore(name);
    for (const auto& name : names_below(folder_)) {
        const bool is_ours = fs::path(name).filename().native().starts_with(only_);
        if (is_ours && !has(name)) real().unlink((folder_ / name).c_str());
    }
}

void Volume::restore(const std::string& name) {
    const auto file = folder_ / name;
    if (!fs::exists(copy_of(name))) {
        real().unlink(file.c_str());
        return;
    }
    fs::create_directories(file.parent_path());
    copy_content(copy_of(name), file);
}

bool Volume::has(const std::string& name) const {
    return !name.ends_with("-shm");
}

void Volume::touch(const std::string& name) {
    if (!touched_.insert(name).second) return;
    const auto line = name + "\n";
    if (real().write(touched_file_, line.data(), line.size()) < 0) std::perror("faulty disk: touched");
}

void Volume::opened(const std::string& name, Inode inode, bool is_new) {
    if (!is_new && files_.contains(inode)) return;
    if (!is_new) {
        about_to_change(name);
        files_[inode] = std::make_unique<Unsynced>(open_own(copy_of(name)));
        return;
    }
    touch(name);
    const auto nameless = durable_ / "nameless" / std::to_string(++nameless_);
    files_[inode] = std::make_unique<Unsynced>(open_own(nameless));
    names_.push_back({Kind::make, nameless, name});
}

void Volume::about_to_change(const std::string& name) {
    touch(name);
    if (fs::exists(copy_of(name)) || !fs::exists(folder_ / name)) return;
    // What was there before us is taken for durable; what we made and did not sync has a name that waits.
    for (const auto& change : names_) {
        if (change.to == name) return;
    }
    fs::create_directories(copy_of(name).parent_path());
    copy_content(folder_ / name, copy_of(name));
}

Unsynced* Volume::file(Inode inode) const {
    const auto found = files_.find(inode);
    return found == files_.end() ? nullptr : found->second.get();
}

void Volume::renamed(const std::string& from, const std::string& to) {
    touch(to);
    names_.push_back({Kind::rename, copy_of(from), to});
}

void Volume::linked(const std::string& from, const std::string& to) {
    touch(to);
    names_.push_back({Kind::link, copy_of(from), to});
}

void Volume::removed(const std::string& name) {
    names_.push_back({Kind::remove, {}, name});
}

void Volume::sync_folder() {
    for (const auto& change : names_)
        apply(change);
    names_.clear();
}

void Volume::apply(const NameChange& change) {
    const auto to = copy_of(change.to);
    fs::create_directories(to.parent_path());
    if (change.kind == Kind::remove) {
        real().unlink(to.c_str());
    } else if (change.kind == Kind::link) {
        real().link(change.from.c_str(), to.c_str());
    } else {
        real().rename(change.from.c_str(), to.c_str());
    }
}

void Volume::cut(std::uint32_t seed) {
    std::mt19937 random(seed);
    for (const auto& [inode, file] : files_)
        file->lose(random);
    // A file system keeps its own changes in their order.
    const auto kept = random() % (names_.size() + 1);
    names_.resize(kept);
    sync_folder();
}

}  // namespace rbees::faults
