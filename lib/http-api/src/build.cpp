#include "rbees/http_api/build.hpp"

namespace rbees::http_api {

const contracts::Version& this_build() {
    static const contracts::Version build{
        .version = RBEES_VERSION, .api = "v2", .compiler = "clang " __clang_version__, .build_type = RBEES_BUILD_TYPE};
    return build;
}

}  // namespace rbees::http_api
