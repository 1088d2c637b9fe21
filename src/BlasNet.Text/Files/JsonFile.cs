using System.Text.Json;

namespace BlasNet.Text.Files;

/// <summary>An object of a JSON file, whose members are checked as they are read.</summary>
internal readonly struct JsonFile(string file, JsonElement value)
{
    /// <summary>Larger than the tokenizer of any language; against files made to exhaust memory.</summary>
    public const long MaximumBytes = 100_000_000;

    public string File => file;

    public JsonElement Value => value;

    /// <exception cref="TextModelException">The file cannot be read, or is no JSON.</exception>
    public static JsonFile Read(string path)
    {
        try
        {
            using FileStream stream = System.IO.File.OpenRead(path);
            if (stream.Length > MaximumBytes)
                throw new TextModelException(path, $"a file of JSON of a model has at most {MaximumBytes} bytes; this one has {stream.Length}");

            using JsonDocument document = JsonDocument.Parse(stream);
            return new JsonFile(path, document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new TextModelException(path, $"is not valid JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not TextModelException)
        {
            throw new TextModelException(path, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The member that has one of these names; families name the same thing differently.</summary>
    /// <returns>Null where it is missing or null.</returns>
    public JsonElement? Find(params ReadOnlySpan<string> names)
    {
        Require(value.ValueKind == JsonValueKind.Object, "an object is expected");
        try
        {
            foreach (string name in names)
            {
                if (value.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null)
                    return member;
            }

            return null;
        }
        catch (InvalidOperationException e)
        {
            throw BadNames(e);
        }
    }

    /// <summary>The members of this object, in the order of the file.</summary>
    public IReadOnlyList<(string Name, JsonElement Value)> Members()
    {
        Require(value.ValueKind == JsonValueKind.Object, "an object is expected");
        try
        {
            return [.. value.EnumerateObject().Select(member => (member.Name, member.Value))];
        }
        catch (InvalidOperationException e)
        {
            throw BadNames(e);
        }
    }

    /// <summary>An integer within bounds.</summary>
    /// <param name="otherwise">If it is missing; null for one that must be there.</param>
    /// <param name="minimum">The least that makes sense.</param>
    /// <param name="names">Any of these.</param>
    public int Integer(int? otherwise, int minimum, params ReadOnlySpan<string> names)
    {
        const int Maximum = 10_000_000;
        if (Find(names) is not { } member)
            return otherwise ?? throw Error($"'{names[0]}' is missing");

        Require(
            member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out int number) && number >= minimum && number <= Maximum,
            $"'{names[0]}' must be an integer from {minimum} to {Maximum}, not {Shown(member)}");
        return member.GetInt32();
    }

    /// <summary>A finite number above 0.</summary>
    public double Positive(double otherwise, string name)
    {
        if (Find(name) is not { } member)
            return otherwise;

        Require(
            member.ValueKind == JsonValueKind.Number && member.TryGetDouble(out double number) && number > 0 && double.IsFinite(number),
            $"'{name}' must be a number above 0, not {Shown(member)}");
        return member.GetDouble();
    }

    /// <summary>A probability below 1.</summary>
    public double Rate(double otherwise, params ReadOnlySpan<string> names)
    {
        if (Find(names) is not { } member)
            return otherwise;

        Require(
            member.ValueKind == JsonValueKind.Number && member.TryGetDouble(out double number) && number is >= 0 and < 1,
            $"'{names[0]}' must be a number from 0, below 1, not {Shown(member)}");
        return member.GetDouble();
    }

    public string? Text(params ReadOnlySpan<string> names)
    {
        if (Find(names) is not { } member)
            return null;

        Require(member.ValueKind == JsonValueKind.String, $"'{names[0]}' must be a string, not {Shown(member)}");
        return StringOf(member);
    }

    public bool? Flag(string name)
    {
        if (Find(name) is not { } member)
            return null;

        Require(member.ValueKind is JsonValueKind.True or JsonValueKind.False, $"'{name}' must be true or false, not {Shown(member)}");
        return member.GetBoolean();
    }

    /// <summary>An object within this one; null where it is missing.</summary>
    public JsonFile? Object(string name)
    {
        if (Find(name) is not { } member)
            return null;

        Require(member.ValueKind == JsonValueKind.Object, $"'{name}' must be an object, not {Shown(member)}");
        return new JsonFile(file, member);
    }

    /// <summary>The elements of an array within this object; none where it is missing.</summary>
    public IEnumerable<JsonElement> Array(string name)
    {
        if (Find(name) is not { } member)
            return [];

        Require(member.ValueKind == JsonValueKind.Array, $"'{name}' must be an array, not {Shown(member)}");
        return member.EnumerateArray();
    }

    /// <summary>The text of a string; half of a surrogate pair is an error.</summary>
    public string StringOf(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new TextModelException(file, "a string is expected, and it must be valid Unicode", e);
        }
    }

    public TextModelException Error(string rule) => new(file, rule);

    public void Require(bool condition, string rule)
    {
        if (!condition)
            throw Error(rule);
    }

    // A name may hold half of a surrogate pair.
    private TextModelException BadNames(InvalidOperationException e) => new(file, "names must be valid Unicode", e);

    private static string Shown(JsonElement member)
    {
        string text = member.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "…";
    }
}
