using System.Text.Json.Serialization;

namespace BlasNet.Cli.Tour;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(TourResult))]
internal sealed partial class TourJson : JsonSerializerContext;
