using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace BlasNet.Training;

/// <summary>What a checkpoint holds beside its tensors, and by what its files are recognised.</summary>
/// <remarks>There is no state of random numbers in it: shuffling and dropout are functions of the seed, the epoch and the step.</remarks>
internal sealed record CheckpointManifest
{
    private const string FormatName = "BlasNet checkpoint";
    private const int CurrentVersion = 4;

    public string Format { get; init; } = FormatName;

    public int Version { get; init; } = CurrentVersion;

    public required TrainerPosition Position { get; init; }

    public required int Seed { get; init; }

    public required Precision Precision { get; init; }

    /// <summary>Its kind.</summary>
    public required string Optimizer { get; init; }

    /// <summary>That of the last step; a training that is resumed uses its own.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The first step whose parameters are averaged, if any are.</summary>
    public required long? AverageFrom { get; init; }

    /// <summary>The names of the numbers that the optimizer keeps for each parameter; none before its first step.</summary>
    public required IReadOnlyList<string> State { get; init; }

    /// <summary>The names of the parameters that were frozen, which have no state but an average.</summary>
    public required IReadOnlyList<string> Frozen { get; init; }

    /// <summary>Other settings that steps depend on, by name.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Settings that change results by rounding alone, by name.</summary>
    public required IReadOnlyDictionary<string, string> Rounding { get; init; }

    /// <summary>By parameter: what the choice of kernels depends on (<see cref="Kernels.PackingUses"/>).</summary>
    public required IReadOnlyDictionary<string, int[]> PackingUses { get; init; }

    public required IReadOnlyDictionary<string, string> Notes { get; init; }

    public required IReadOnlyDictionary<string, FileDigest> Files { get; init; }

    /// <summary>XXH128 checksum of this manifest with an empty one.</summary>
    public string Xxh128 { get; init; } = "";

    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path)
    {
        using var file = new AtomicFile(path);
        file.Write(JsonSerializer.SerializeToUtf8Bytes(this with { Xxh128 = Digest() }, CheckpointJson.Default.CheckpointManifest));
        file.Commit();
    }

    /// <summary>Reads and checks a manifest, and that the files beside it are the ones that it was written with.</summary>
    /// <exception cref="CheckpointException">They are damaged, or the manifest is not one of BlasNet, or of a later version.</exception>
    public static CheckpointManifest Read(string folder, string name)
    {
        try
        {
            byte[] json = File.ReadAllBytes(Path.Combine(folder, name));
            RequireFormat(folder, json);
            CheckpointManifest manifest = JsonSerializer.Deserialize(json, CheckpointJson.Default.CheckpointManifest)!;

            // A last digit can change without changing the number, so the text counts too.
            if (manifest.Xxh128 != (manifest with { Xxh128 = "" }).Digest()
                || !json.AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(manifest, CheckpointJson.Default.CheckpointManifest)))
                throw new CheckpointException(folder, $"{name} is damaged: its checksum differs", isDamage: true);

            foreach ((string file, FileDigest expected) in manifest.Files)
            {
                FileDigest found = FileDigest.Of(Path.Combine(folder, file));
                if (found.Bytes != expected.Bytes)
                    throw new CheckpointException(folder, $"{file} is damaged: {expected.Bytes} bytes expected, found {found.Bytes}", isDamage: true);

                if (found.Xxh128 != expected.Xxh128)
                    throw new CheckpointException(folder, $"{file} is damaged: its checksum differs", isDamage: true);
            }

            return manifest;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new CheckpointException(folder, $"{name} is damaged: {e.Message}", isDamage: true, e);
        }
        catch (Exception e) when ((e is IOException and not CheckpointException) || e is UnauthorizedAccessException)
        {
            throw new CheckpointException(folder, $"cannot be read: {e.Message}", isDamage: true, e);
        }
    }

    // Somebody else's manifest is not a damaged one of ours.
    private static void RequireFormat(string folder, byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format", out JsonElement format) || !format.ValueEquals(FormatName))
            throw new CheckpointException(folder, "is not a checkpoint of BlasNet");

        if (root.TryGetProperty("version", out JsonElement version) && version.TryGetInt32(out int number) && number != CurrentVersion)
        {
            string age = number > CurrentVersion ? "a later" : "an earlier";
            throw new CheckpointException(folder, $"was written by {age} version of BlasNet (format {number}; this one reads {CurrentVersion})");
        }
    }

    private string Digest() =>
        Convert.ToHexStringLower(XxHash128.Hash(JsonSerializer.SerializeToUtf8Bytes(this, CheckpointJson.Default.CheckpointManifest)));
}

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CheckpointManifest))]
[JsonSerializable(typeof(RestoredPosition))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
