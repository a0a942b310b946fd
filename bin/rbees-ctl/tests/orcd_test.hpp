#pragma once
/// @file
/// Commands against a rbees-orcd that says what the test wants.

#include <string>
#include <string_view>

#include "fake_orcd.hpp"
#include "support.hpp"

namespace rbees::ctl {

class OrcdTest : public CommandTest {
  protected:
    OrcdTest() {
        variables["RBEES_URL"] = orcd.url();
        variables["RBEES_TOKEN"] = "rbk_test";
    }

    /// A contracts::ModelView as JSON; `rest` is what tells models apart.
    static std::string model(std::string_view id, std::string_view rest) {
        return R"({"id":")" + std::string(id) + R"(","name":"A model","kind":"chat","license":"mit",)" +
               std::string(rest) + R"(,"nodes":[],"workers":[]})";
    }

    FakeOrcd orcd;
};

}  // namespace rbees::ctl
