#include "sqlite.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

std::unexpected<SqlError> error_of(sqlite3* handle, int code) {
    // A misused handle has no message of its own for the code.
    const bool is_last = handle != nullptr && sqlite3_extended_errcode(handle) == code;
    return std::unexpected(SqlError{code, is_last ? sqlite3_errmsg(handle) : sqlite3_errstr(code)});
}

}  // namespace

bool SqlError::is_damage() const {
    const int primary = code & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

Failure to_failure(std::string_view what, const SqlError& error) {
    return Failure{fmt::format("cannot {}: {} (SQLite {})", what, error.message, error.code),
                   error.is_full() ? "free some space on that file system" : ""};
}

Blob blob(const Sha256Digest& digest) {
    return Blob{{reinterpret_cast<const char*>(digest.data()), digest.size()}};
}

void Statement::bind_at(int index, std::int64_t value) {
    if (const int code = sqlite3_bind_int64(statement_.get(), index, value); code != SQLITE_OK) bind_error_ = code;
}

void Statement::bind_at(int index, std::optional<std::int64_t> value) {
    if (value) return bind_at(index, *value);
    if (const int code = sqlite3_bind_null(statement_.get(), index); code != SQLITE_OK) bind_error_ = code;
}

void Statement::bind_at(int index, std::string_view text) {
    // A null pointer would be bound as NULL.
    const char* start = text.data() != nullptr ? text.data() : "";
    const int code = sqlite3_bind_text64(statement_.get(), index, start, text.size(), SQLITE_STATIC,
                                         static_cast<unsigned char>(SQLITE_UTF8));
    if (code != SQLITE_OK) bind_error_ = code;
}

void Statement::bind_at(int index, Blob value) {
    const char* start = value.bytes.data() != nullptr ? value.bytes.data() : "";
    const int code = sqlite3_bind_blob64(statement_.get(), index, start, value.bytes.size(), SQLITE_STATIC);
    if (code != SQLITE_OK) bind_error_ = code;
}

Sql<bool> Statement::step() {
    if (bind_error_ != SQLITE_OK) return error_of(sqlite3_db_handle(statement_.get()), bind_error_);
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return error_of(sqlite3_db_handle(statement_.get()), code);
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    bind_error_ = SQLITE_OK;
}

Sql<void> Statement::finish() {
    auto row = step();
    reset();
    if (!row) return std::unexpected(std::move(row.error()));
    return {};
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Statement::text(int column) const {
    const auto* start = sqlite3_column_text(statement_.get(), column);
    if (start == nullptr) return {};
    return {reinterpret_cast<const char*>(start),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::bytes(int column) const {
    const void* start = sqlite3_column_blob(statement_.get(), column);
    if (start == nullptr) return {};
    return {static_cast<const char*>(start), static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Sha256Digest Statement::digest(int column) const {
    Sha256Digest digest{};
    const auto stored = bytes(column);
    if (stored.size() == digest.size()) std::ranges::copy(stored, digest.begin());
    return digest;
}

Sql<Database> Database::open(const std::filesystem::path& path, int flags, const std::string& vfs) {
    Database database;
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                     vfs.empty() ? nullptr : vfs.c_str());
    database.handle_.reset(handle);
    if (code != SQLITE_OK) return error_of(handle, code);
    sqlite3_busy_timeout(handle, static_cast<int>(limits::lock_wait.count()));
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_wal_autocheckpoint(handle, 0);
    return database;
}

Sql<Statement> Database::prepare(std::string_view sql) const {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return error_of(handle_.get(), code);
    return Statement(statement);
}

Sql<void> Database::execute(const char* sql) const {
    const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error_of(handle_.get(), code);
    return {};
}

Sql<std::int64_t> Database::integer(std::string_view sql) const {
    auto statement = prepare(sql);
    if (!statement) return std::unexpected(std::move(statement.error()));
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    return *row ? statement->integer(0) : 0;
}

Sql<std::string> Database::text(std::string_view sql) const {
    auto statement = prepare(sql);
    if (!statement) return std::unexpected(std::move(statement.error()));
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    return std::string(*row ? statement->text(0) : std::string_view());
}

void Database::end_with(const std::stop_token& stop) const {
    constexpr int steps_between_looks = 10'000;  // of SQLite's virtual machine: well below a millisecond
    const auto is_stopped = [](void* token) {
        return static_cast<const std::stop_token*>(token)->stop_requested() ? 1 : 0;
    };
    sqlite3_progress_handler(handle_.get(), steps_between_looks, is_stopped, const_cast<std::stop_token*>(&stop));
}

}  // namespace rbees::store
