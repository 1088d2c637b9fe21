using System.Text.Json;
using BlasNet.Text.Files;

namespace BlasNet.Text.Tokenization;

/// <summary>Reads a <c>tokenizer.json</c>.</summary>
internal static class TokenizerFile
{
    /// <exception cref="TextModelException">It is of a kind that cannot be read, or breaks a rule.</exception>
    public static TextTokenizer Read(JsonFile file)
    {
        JsonFile model = file.Object("model") ?? throw file.Error("'model' is missing");
        JsonFile given = model.Object("vocab") ?? throw model.Error("'vocab' is missing");
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in given.Value.EnumerateObject())
            Add(file, vocabulary, entry.Name, entry.Value);

        List<string> special = [];
        foreach (JsonElement added in file.Array("added_tokens"))
        {
            var token = new JsonFile(file.File, added);
            string name = token.Text("content") ?? throw file.Error("'content' of a token of 'added_tokens' is missing");
            file.Require(name.Length > 0, "'content' of a token of 'added_tokens' is empty");
            if (!vocabulary.ContainsKey(name))
                Add(file, vocabulary, name, token.Find("id") ?? throw file.Error($"'id' of the token '{name}' is missing"));

            special.Add(name);
        }

        return model.Text("type") switch
        {
            "WordPiece" => WordPieces.Read(file, model, vocabulary, special.Distinct()),
            "BPE" => BytePairs.Read(file, model, vocabulary, special.Distinct()),
            var other => throw file.Error($"'model' is of the type {other ?? "null"}; WordPiece and BPE can be read"),
        };
    }

    private static void Add(JsonFile file, Dictionary<string, int> vocabulary, string token, JsonElement number)
    {
        file.Require(number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out _), $"the number of the token '{token}' must be an integer");
        file.Require(vocabulary.TryAdd(token, number.GetInt32()), $"the token '{token}' occurs twice");
    }
}
