#include "secret.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/random.hpp"

namespace rbees::workerd {
namespace {

Result<std::string> read_to_end(UniqueFd fd) {
    std::string text;
    std::array<char, 512> block{};
    while (text.size() <= secret_max.value) {
        const auto count = ::read(fd.get(), block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            return fail_with_errno(fmt::format("cannot read the secret from descriptor {}", fd.get()),
                                   "--secret-fd must name an open pipe or file");
        }
        if (count == 0) return text;
        text.append(block.data(), static_cast<std::size_t>(count));
    }
    return fail(fmt::format("descriptor {} holds more than {}: that is not a secret", fd.get(), describe(secret_max)));
}

Result<std::string> trimmed(std::string_view text, std::string_view source) {
    constexpr std::string_view white = " \t\r\n";
    const auto first = text.find_first_not_of(white);
    if (first == std::string_view::npos) return fail(fmt::format("{} holds no secret", source));
    text = text.substr(first, text.find_last_not_of(white) - first + 1);
    if (!std::ranges::all_of(text, [](char c) { return '!' <= c && c <= '~'; })) {
        return fail(fmt::format("{} holds more than one word of printable characters", source));
    }
    return std::string(text);
}

Result<Secret> secret_from(Result<std::string> content, std::string_view source) {
    if (!content) return std::unexpected(std::move(content.error()));
    auto text = trimmed(*content, source);
    if (!text) return std::unexpected(std::move(text.error()));
    return Secret{std::move(*text), std::nullopt};
}

Result<Secret> make_secret(const WorkerId& worker, const Environment& environment) {
    const auto home = find_home(std::nullopt, environment);
    if (!home) return std::unexpected(home.error());
    if (auto made = make_private_folder(home->secrets); !made) return std::unexpected(made.error());
    const auto file = home->secrets / ("worker-" + worker.str());
    Secret secret{random_secret(), file};
    if (auto written = write_file_atomically(file, secret.text, FileAccess::owner_only); !written) {
        return std::unexpected(written.error());
    }
    return secret;
}

}  // namespace

Result<Secret> obtain_secret(std::optional<int> fd, const WorkerId& worker, const Environment& environment) {
    if (fd) return secret_from(read_to_end(UniqueFd(*fd)), fmt::format("descriptor {}", *fd));
    if (const auto file = environment(secret_file_variable)) {
        return secret_from(read_file(*file, secret_max), *file);
    }
    return make_secret(worker, environment);
}

}  // namespace rbees::workerd
