#pragma once
/// @file
/// As much of SQLite's C interface as the store needs, with owners and std::expected.

#include <sqlite3.h>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "rbees/base/failure.hpp"
#include "rbees/base/hash.hpp"

namespace rbees::store {

/// An extended result code (sqlite.org/rescode.html) and SQLite's own sentence.
struct SqlError {
    int code = 0;
    std::string message;

    [[nodiscard]] bool is_full() const { return (code & 0xff) == SQLITE_FULL; }
    [[nodiscard]] bool is_damage() const;
};

template <class T>
using Sql = std::expected<T, SqlError>;

/// "cannot <what>: <message> (SQLite <code>)".
[[nodiscard]] Failure to_failure(std::string_view what, const SqlError& error);

/// Bytes to be bound as a BLOB; a plain string_view is bound as TEXT.
struct Blob {
    std::string_view bytes;
};
[[nodiscard]] Blob blob(const Sha256Digest& digest);

/// A prepared statement. Bound text must live until the statement is reset.
class Statement {
  public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    /// Runs it to its end with these parameters and resets it. For what returns no rows.
    template <class... Parameters>
    [[nodiscard]] Sql<void> run(const Parameters&... parameters) {
        bind(parameters...);
        return finish();
    }

    /// Binds parameters 1, 2, ... A failure to bind shows in the next step.
    template <class... Parameters>
    void bind(const Parameters&... parameters) {
        int index = 0;
        (bind_at(++index, parameters), ...);
    }
    void bind_at(int index, std::int64_t value);
    void bind_at(int index, std::optional<std::int64_t> value);  ///< none is NULL
    void bind_at(int index, std::string_view text);
    void bind_at(int index, Blob bytes);

    /// Whether there is a row.
    [[nodiscard]] Sql<bool> step();
    void reset();

    /// Columns of the current row, from 0; views end with the next step.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::string_view bytes(int column) const;
    [[nodiscard]] Sha256Digest digest(int column) const;  ///< zeros if the bytes are not 32

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };

    Sql<void> finish();

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bind_error_ = SQLITE_OK;
};

/// Resets a statement when a scope ends: one that is left open would keep the log from being reset.
class ResetAtEnd {
  public:
    explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
    ~ResetAtEnd() { statement_.reset(); }
    ResetAtEnd(const ResetAtEnd&) = delete;
    ResetAtEnd& operator=(const ResetAtEnd&) = delete;

  private:
    Statement& statement_;
};

/// A connection. Not thread-safe. Closing it never checkpoints: that is done by name, or not at all.
class Database {
  public:
    Database() = default;

    /// `flags` as of sqlite3_open_v2; `vfs` empty for the default one.
    [[nodiscard]] static Sql<Database> open(const std::filesystem::path& path, int flags, const std::string& vfs);

    [[nodiscard]] Sql<Statement> prepare(std::string_view sql) const;

    /// Runs statements without parameters, one after the other; rows are thrown away.
    [[nodiscard]] Sql<void> execute(const char* sql) const;

    /// The first column of the first row.
    [[nodiscard]] Sql<std::int64_t> integer(std::string_view sql) const;
    [[nodiscard]] Sql<std::string> text(std::string_view sql) const;

    /// Ends what runs on this connection with an error soon after a stop was asked for. `stop` must outlive it.
    void end_with(const std::stop_token& stop) const;

    [[nodiscard]] sqlite3* get() const { return handle_.get(); }

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace rbees::store
