#include "seeds.hpp"

#include <fstream>

#include "rbees/base/assert.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::fuzz::seeds {

std::vector<std::string> json() {
    return {R"({"a":[1,-2,3.5e300,true,false,null,"\u00e9\ud83d\ude00 \"q\" \\ \n"],)"
            R"("b":{"c":{}},"a2":18446744073709551615})",
            R"([[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]])",
            R"({"0":0,"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"10":0,)"
            R"("11":1,"12":2,"13":3,"14":4,"15":5,"16":6,"17":7,"3":8})",
            "  -0.0  ",
            "1e-400",
            "1844e999407",
            R"({"model":1,"\u006dodel":2})",
            "\"\\ud800\"",
            "\xef\xbb\xbf{}"};
}

std::vector<std::string> task() {
    return {R"({"model":"smollm2","prompt":"hello","max_tokens":8})",
            R"({"messages":[{"role":"user","content":"hi"}],"temperature":0.7,"top_p":1,"seed":4294967295,)"
            R"("priority":"batch",)"
            R"("session_id":"a.b:c-1","deadline_ms":1000,"stream":true,"tools":[]})",
            R"({"prompt":"","messages":[],"max_tokens":0,"temperature":3,"deadline_ms":0,"session_id":"not an id"})"};
}

std::vector<std::string> registration() {
    return {
        R"({"node_id":"n1","kind":"pool","name":"bee","url":"http://127.0.0.1:9200","version":"0.1.0","protocol":1,)"
        R"("call_token":"t","status":{"sequence":1,"devices":[{"id":"cpu","kind":"cpu","name":"x","features":["avx2"],)"
        R"("cores":2,"memory_total":1,"memory_free":1,"load":0.5}],"workers":[{"worker_id":"w","model":"m",)"
        R"("state":"ready","load_progress":1,"orphan":false}],)"
        R"("models":[{"model":"m","size":1,"sha256":"","kind":"chat"}],)"
        R"("downloads":[{"model":"m","state":"running","done":1,"phase":"downloading"}]}})",
        R"({"id":"mine","name":"Mine","kind":"embedding","sha256":"00","sources":[{"kind":"url","url":"http://h/f"},)"
        R"({"kind":"pypi","package":"p","version":"1","file":"f"}]})"};
}

std::vector<std::string> execution() {
    const std::string from =
        R"({"prompt_ids":[7,8],"generated_ids":[-1],"seed":4294967295,"max_tokens":18446744073709551615,)"
        R"("sampling":{"temperature":0.5}})";
    return {
        R"({"job_id":"j","attempt":2,"operation":"chat","request":{"a":1},"from":)" + from + R"(,"model_hash":"h"})",
        R"({"operation":"completion","request":{},"from":)" + from + R"(,"model_hash":"h"})",
        R"({"prompt_ids":[7],"seed":1,"model_hash":"h","sampling":{},"continuable":true})",
        R"({"i":3,"ids":[1,2147483648],"t":"x","delta":{"reasoning_content":"r"}})",
        R"({"stop_reason":"stop","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})",
        R"({"code":"CANCELLED","message":"m","is_final":true})",
        R"({"through":18446744073709551616.0,"done":false})"};
}

std::vector<std::string> generation() {
    return {R"({"messages":[{"role":"user","content":"call f"},{"role":"assistant","content":null,"tool_calls":[]},)"
            R"({"role":"user","content":[{"type":"text","text":"f"}]}],"tools":[{"type":"function","function":)"
            R"({"name":"f","parameters":{"type":"object","required":["a"],"properties":{"a":{"$ref":"#/$defs/x"}},)"
            R"("$defs":{"x":{"type":"array","minItems":3,"items":{"minimum":1e300,"type":"integer"}}}}}}],)"
            R"("tool_choice":{"type":"function","function":{"name":"f"}},"max_tokens":8,"stream":true})",
            R"({"prompt":[[1,2],[3]],"stop":["a","b"],"n":1,"seed":-1,"logprobs":20,"stream_options":{}})",
            R"({"prompt":"x","response_format":{"type":"json_schema","json_schema":{"schema":{"allOf":)"
            R"([{"anyOf":[{"const":1}]},{"enum":["x"]}],"minLength":9223372036854775808.0}}}})",
            R"({"input":["a",[1,2]],"encoding_format":"base64"})", R"({"content":"x","tokens":[2147483647]})"};
}

std::vector<std::string> order() {
    return {R"({"job_id":"j","attempt":1,"operation":"chat","request":{"messages":[{"role":"user","content":"x"}],)"
            R"("max_tokens":8}})",
            R"({"job_id":"j","attempt":2,"operation":"completion","request":{"prompt":"x","n":1},)"
            R"("from":{"prompt_ids":[7],"generated_ids":[8],"seed":1,"max_tokens":18446744073709551615,)"
            R"("sampling":{"temperature":1,"n":3}},"model_hash":"hash"})"};
}

std::vector<std::string> record() {
    std::ifstream file(RBEES_GOLDEN_RECORDS);
    std::vector<std::string> records;
    for (std::string line; std::getline(file, line);) {
        const auto record = reflect::parse_json(line);
        RBEES_ASSERT(record.has_value());
        records.push_back(std::string(record->at("type").as_string()) + "\n" + reflect::to_text(record->at("body")));
    }
    RBEES_ASSERT(!records.empty());
    return records;
}

std::vector<std::string> request() {
    return {"GET /health HTTP/1.1\r\nHost: h\r\n\r\n",
            "POST /v1/chat/completions?a=%20b&c HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n"
            "Content-Length: 2\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n\r\n{}",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4;x=\"y\"\r\nabcd\r\n1\r\nz\r\n0\r\nTrailer: t\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET http://other:80/%2e%2e/x?q=1 HTTP/1.0\r\nConnection: close\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};
}

std::vector<std::string> answer() {
    return {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=\"y\"\r\nabcd\r\n0\r\nTrailer: t\r\n\r\n",
            "HTTP/1.0 204 No Content\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 502\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"};
}

std::vector<std::string> query() {
    return {
        "?status=live&model=m&session=a.b:c&since=2026-01-31T12:00:00Z&until=2026-02-01T00:00:00.5%2B01:00&limit=200"
        "&cursor=1767225600000.0199-x",
        "?status=open&owner=o&cursor=-9223372036854775808.x&limit=201", "?after=18446744073709551615&cancel=true",
        "?a HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 18446744073709551616\r\nIdempotency-Key: k\r\n\r\n",
        "?status=&limit=-1&since=now"};
}

std::vector<std::string> events() {
    return {"event: token\nid: 7\ndata: {\"t\":\"a\"}\n\n",
            ": comment\r\ndata: one\r\ndata: two\r\n\r\nretry: 5\r\n\r\n",
            "\xef\xbb\xbf"
            "data\ndata:\n\nid: a\0b\ndata: x\n\n",
            "data: a\rdata: b\r\rdata: c\n\r\n", "data: [DONE]\n\n"};
}

std::vector<std::string> trail() {
    const std::string start =
        "event: rbees.start\ndata: "
        R"({"prompt_ids":[7,8],"seed":5,"model_hash":"abc","sampling":{},"continuable":true})"
        "\n\n";
    const std::string greeting =
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n";
    const std::string token = "event: rbees.ids\ndata: {\"i\":0,\"ids\":[100]}\n\ndata: {\"choices\":[{}]}\n\n";
    const std::string finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    return {start + "event: rbees.ids\ndata: {\"i\":0,\"ids\":[]}\n\n" + greeting + token,
            start + token + finish + "data: {\"usage\":{}}\n\ndata: [DONE]\n\n",
            token + "event: rbees.ids\ndata: {\"i\":18446744073709551615,\"ids\":[1]}\n\n" + start + ": ping\n\n"};
}

std::vector<std::string> answer_head() {
    return {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"abc\"\r\n\r\nbody",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /x\r\n\r\nHTTP/2 206 \r\n"
            "content-range: bytes 5-9/1000\r\netag: W/\"weak\"\r\n\r\n12345",
            "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 416 \r\nContent-Range: bytes */7\r\n\r\n"};
}

std::vector<std::string> url() {
    return {"http://127.0.0.1:8080/path?x=%20y",
            "https://[::1]:1/",
            "http://user@h/",
            "[::ffff:127.0.0.1]:80",
            "host:0",
            "http://h:65536/"};
}

std::vector<std::string> model_header() {
    using std::string_literals::operator""s;
    const auto start = "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"s;
    const auto architecture = "\x14\0\0\0\0\0\0\0general.architecture\x8\0\0\0\4\0\0\0\0\0\0\0bert"s;
    const auto pooling = "\x11\0\0\0\0\0\0\0bert.pooling_type\4\0\0\0\4\0\0\0"s;
    const auto texts = "\1\0\0\0\0\0\0\0t\x9\0\0\0\x8\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\0x"s;
    const auto numbers = "\1\0\0\0\0\0\0\0n\x9\0\0\0\xc\0\0\0\2\0\0\0\0\0\0\0"s;
    return {start + architecture + pooling, start + pooling + architecture, start + texts + architecture,
            start + numbers, "GGUF"};
}

std::vector<std::string> configuration() {
    return {"# set up\nRBEES_LISTEN=127.0.0.1:0\nexport RBEES_A = \"a\\\"b\\n\"  # c\r\nRBEES_B='x\nOTHER=1\n",
            "listen = \"127.0.0.1:0\"\n[log]\nlevel = 'debug'\nsize = 1_000\non = true\n[a.b]\nc.d = 1.5e3\n",
            "a = [1, {b = 2}]\nd = 1979-05-27T07:32:00Z\ns = \"\"\"\nx\\u00e9\"\"\"\n", "[[t]]\n[t.x]\n",
            "a = nan\nb = 0x_"};
}

std::vector<std::string> sim() {
    return {"sim:tiny?slots=4&prefill=1000&decode=50.5&seed=18446744073709551615",
            "sim:embedder?context=512&load_ms=5&fail_load=1", "sim:x?fail_after=3&die_after=4&stall_after=5",
            "sim:?slots=0", "sim:a?decode=nan&slots=-1"};
}

std::vector<std::string> quantities() {
    return {"512MB",
            "1.5GiB",
            "100",
            "5M",
            "120s",
            "1h30m",
            "250ms",
            "7d",
            "2026-01-31T12:00:00.123Z",
            "2024-02-29T23:59:60+01:00",
            "18446744073709551616"};
}

}  // namespace rbees::fuzz::seeds
