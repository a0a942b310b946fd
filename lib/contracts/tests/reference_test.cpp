#include "rbees/contracts/reference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "rbees/base/files.hpp"

namespace rbees::contracts {
namespace {

using testing::HasSubstr;

std::string text_of(std::string_view file) {
    for (const auto& page : reference_pages()) {
        if (page.file == file) return page.text;
    }
    return "no such page";
}

TEST(Reference, PagesInTheDocumentationAreThoseOfTheTables) {
    for (const auto& page : reference_pages()) {
        const auto path = std::filesystem::path(RBEES_REFERENCE) / page.file;

        const auto written = read_file(path);

        ASSERT_TRUE(written) << describe(written.error()) << "; write it with: tools/dev docs";
        EXPECT_TRUE(*written == page.text) << path << " is not what the tables say; write it anew with: tools/dev docs";
    }
}

TEST(Reference, SaysWhatAnOptionAllows) {
    const auto page = text_of("options.md");

    EXPECT_THAT(page, HasSubstr("| `threads` | `0` | number, 0 to 64 | "));
    EXPECT_THAT(page, HasSubstr("| `log.level` | `info` | `debug`, `info`, `warning`, `error` | "));
    EXPECT_THAT(page, HasSubstr("| `log.size` | `10MiB` | size, 64KiB or more | "));
    EXPECT_THAT(page, HasSubstr("| `metrics.open` | `off` | `on`, `off` | "));
    EXPECT_THAT(page, HasSubstr("| `models.default` | empty | text | "));
    EXPECT_THAT(page, HasSubstr("| `queue.wait` | `300s` | time | "));
}

TEST(Reference, ShowsMetricsErrorsAndRoutes) {
    EXPECT_THAT(text_of("metrics.md"), HasSubstr("| `rbees_requests_total` | counter | `operation`, `status` | "));
    EXPECT_THAT(text_of("errors.md"), HasSubstr("| `QUEUE_FULL` | 429 | yes | "));
    EXPECT_THAT(text_of("routes.md"), HasSubstr("| `GET /health` | nothing | 200 | "));
    EXPECT_THAT(text_of("routes.md"), HasSubstr("| `POST /v2/nodes/register` | role `node` or `admin` | 200 | "));
}

}  // namespace
}  // namespace rbees::contracts
