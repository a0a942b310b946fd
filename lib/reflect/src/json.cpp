#include "rbees/reflect/json.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

#include "rbees/base/utf8.hpp"

namespace rbees::reflect {
namespace {

/// The member names of an object that is open. Few of them, as in nearly every object, are compared one by one; from
/// there on a tree keeps the search short. Not a hash table: a client chooses the names, and could choose such as
/// collide.
class Names {
  public:
    /// False if it is there already.
    [[nodiscard]] bool add(std::string name) {
        if (!many_.empty()) return many_.insert(std::move(name)).second;
        if (std::ranges::find(few_, name) != few_.end()) return false;
        few_.push_back(std::move(name));
        if (few_.size() == few_max) {
            many_.insert(std::make_move_iterator(few_.begin()), std::make_move_iterator(few_.end()));
            few_.clear();
        }
        return true;
    }
    [[nodiscard]] std::size_t size() const { return few_.size() + many_.size(); }

  private:
    static constexpr std::size_t few_max = 16;

    std::vector<std::string> few_;
    std::set<std::string> many_;
};

/// Builds the value and watches for doubled member names, which Boost.JSON's own parser lets through.
class Builder {
  public:
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    bool on_document_begin(json::error_code&) {
        stack_.reset();
        return true;
    }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        names_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t size, json::error_code&) {
        names_.pop_back();
        stack_.push_object(size);
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t size, json::error_code&) {
        stack_.push_array(size);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key_.append(part);
        stack_.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& error) {
        key_.append(part);
        auto& names = names_.back();
        if (names.size() == json_members_max) return refuse(Fault::too_many_members, error);
        if (!names.add(key_)) return refuse(Fault::doubled_member, error);
        key_.clear();
        stack_.push_key(part);
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        stack_.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        stack_.push_string(part);
        return true;
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
        stack_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
        stack_.push_uint64(number);
        return true;
    }
    bool on_double(double number, json::string_view, json::error_code& error) {
        if (!std::isfinite(number)) return refuse(Fault::number_too_large, error);
        stack_.push_double(number);
        return true;
    }
    bool on_bool(bool flag, json::error_code&) {
        stack_.push_bool(flag);
        return true;
    }
    bool on_null(json::error_code&) {
        stack_.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

    [[nodiscard]] json::value release() { return stack_.release(); }

    /// What this builder refused, and not the parser.
    enum class Fault : std::uint8_t { none, doubled_member, too_many_members, number_too_large };
    [[nodiscard]] Fault fault() const { return fault_; }

    /// The name that was read last; of the fault, if there is one.
    [[nodiscard]] const std::string& key() const { return key_; }

  private:
    bool refuse(Fault fault, json::error_code& error) {
        fault_ = fault;
        error = json::error::syntax;
        return false;
    }

    json::value_stack stack_;
    std::vector<Names> names_;  ///< of the objects that are open, outermost first
    std::string key_;
    Fault fault_ = Fault::none;
};

std::string message_for(const json::error_code& error, const Builder& builder) {
    if (builder.fault() == Builder::Fault::doubled_member) {
        return fmt::format("member \"{}\" stands twice", builder.key());
    }
    if (builder.fault() == Builder::Fault::number_too_large) return "a number is larger than any that can be kept";
    if (builder.fault() == Builder::Fault::too_many_members) {
        return fmt::format("an object has more than {} members (members_max)", json_members_max);
    }
    if (error == json::error::too_deep) return fmt::format("nesting deeper than {}", json_depth_max);
    if (error == json::error::incomplete) return "the document ends too early";
    if (error == json::error::extra_data) return "something follows the end of the document";
    return error.message();
}

/// As people write it: Boost.JSON itself makes 2.55E1 of 25.5 and 1E0 of 1.0. It stays one that reads back as a double.
std::string scalar_text(const json::value& value) {
    const auto* number = value.if_double();
    if (number == nullptr || !std::isfinite(*number)) return json::serialize(value);
    auto text = fmt::format("{}", *number);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

bool has_double(const json::value& value) {
    if (value.is_array()) return std::ranges::any_of(value.get_array(), has_double);
    if (!value.is_object()) return value.is_double();
    return std::ranges::any_of(value.get_object(), [](const auto& member) { return has_double(member.value()); });
}

void write_compact(const json::value& value, std::string& out) {
    if (!value.is_array() && !value.is_object()) {
        out += scalar_text(value);
        return;
    }
    std::string_view comma;
    const auto separate = [&] { out += std::exchange(comma, ","); };
    out += value.is_array() ? '[' : '{';
    if (value.is_array()) {
        for (const auto& item : value.get_array()) {
            separate();
            write_compact(item, out);
        }
    } else {
        for (const auto& member : value.get_object()) {
            separate();
            out += json::serialize(member.key()) + ':';
            write_compact(member.value(), out);
        }
    }
    out += value.is_array() ? ']' : '}';
}

/// The name of the bound that was hit; empty if it was none.
std::string limit_of(const json::error_code& error, const Builder& builder) {
    if (builder.fault() == Builder::Fault::too_many_members) return "members_max";
    return error == json::error::too_deep ? "json_depth_max" : "";
}

/// Whole numbers below are told apart by a double, too.
constexpr double exact_end = 0x1p53;

/// One number has one text, however it was written: 5, 5.0 and 50e-1 are the same.
std::string canonical_scalar(const json::value& value) {
    const auto* number = value.if_double();
    const bool is_whole = number != nullptr && std::abs(*number) < exact_end && std::trunc(*number) == *number;
    return is_whole ? fmt::format("{}", static_cast<std::int64_t>(*number)) : json::serialize(value);
}

void write_canonical(const json::value& value, std::string& out) {
    if (value.is_array()) {
        out += '[';
        for (std::size_t index = 0; index < value.get_array().size(); ++index) {
            if (index != 0) out += ',';
            write_canonical(value.get_array()[index], out);
        }
        out += ']';
        return;
    }
    if (!value.is_object()) {
        out += canonical_scalar(value);
        return;
    }
    std::vector<const json::key_value_pair*> members;
    for (const auto& member : value.get_object()) {
        members.push_back(&member);
    }
    std::ranges::sort(members, {}, [](const auto* member) { return std::string_view(member->key()); });
    out += '{';
    for (const auto* member : members) {
        if (member != members.front()) out += ',';
        out += json::serialize(member->key());
        out += ':';
        write_canonical(member->value(), out);
    }
    out += '}';
}

void write_pretty(const json::value& value, std::string& out, std::string& indent) {
    const bool is_object = value.is_object() && !value.get_object().empty();
    const bool is_array = value.is_array() && !value.get_array().empty();
    if (!is_object && !is_array) {
        out += scalar_text(value);
        return;
    }
    out += is_object ? "{\n" : "[\n";
    indent += "  ";
    std::size_t written = 0;
    const auto separate = [&] {
        if (written++ != 0) out += ",\n";
        out += indent;
    };
    if (is_object) {
        for (const auto& member : value.get_object()) {
            separate();
            out += json::serialize(member.key()) + ": ";
            write_pretty(member.value(), out, indent);
        }
    } else {
        for (const auto& item : value.get_array()) {
            separate();
            write_pretty(item, out, indent);
        }
    }
    indent.resize(indent.size() - 2);
    out += '\n' + indent + (is_object ? '}' : ']');
}

/// A reader would refuse the whole document for one byte of a string.
std::string as_utf8(std::string text) {
    return is_valid_utf8(text) ? std::move(text) : to_valid_utf8(text);
}

}  // namespace

std::expected<json::value, ParseError> parse_json(std::string_view bytes) {
    // Boost.JSON checks strings only; the bytes as a whole must be text, too.
    if (!is_valid_utf8(bytes)) {
        return std::unexpected(ParseError{"the bytes are not valid UTF-8", complete_utf8_prefix(bytes)});
    }
    json::parse_options options;
    options.max_depth = json_depth_max;
    json::basic_parser<Builder> parser(options);
    json::error_code error;
    const auto consumed = parser.write_some(false, bytes.data(), bytes.size(), error);
    if (!error && consumed < bytes.size()) error = json::error::extra_data;
    if (error) {
        const auto& builder = parser.handler();
        return std::unexpected(ParseError{message_for(error, builder), consumed, limit_of(error, builder)});
    }
    return parser.handler().release();
}

std::string to_text(const json::value& value) {
    if (!has_double(value)) return as_utf8(json::serialize(value));
    std::string out;
    write_compact(value, out);
    return as_utf8(std::move(out));
}

std::string to_pretty_text(const json::value& value) {
    std::string out;
    std::string indent;
    write_pretty(value, out, indent);
    return as_utf8(std::move(out));
}

std::string to_canonical_text(const json::value& value) {
    std::string out;
    write_canonical(value, out);
    return out;
}

}  // namespace rbees::reflect
