using System.Globalization;

namespace BlasNet.Training;

/// <summary>What models must have in common to be one model on several ranks, by name.</summary>
internal static class ModelFacts
{
    public static IEnumerable<(string Name, string Value)> Of(Model model) =>
    [
        ("the precision", model.Precision.ToString()),
        ("the seed", model.Seed.ToString(CultureInfo.InvariantCulture)),
        .. model.Parameters.Select(parameter => (string.Create(CultureInfo.InvariantCulture, $"parameter {parameter.Index}"), parameter.ToString())),
        ("the number of parameters", model.Parameters.Count.ToString(CultureInfo.InvariantCulture)),
    ];
}
