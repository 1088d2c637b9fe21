using System.Globalization;
using System.Text.Json;

namespace BlasNet.Text.Files;

/// <summary>What the <c>config.json</c> of a classifier says besides the sizes of its encoder.</summary>
/// <param name="OfTokens">Whether each token is classified, or else the text.</param>
/// <param name="Labels">At least one.</param>
/// <param name="Dropout">In training, the rate at which elements of what is classified are dropped.</param>
internal sealed record HeadConfiguration(bool OfTokens, IReadOnlyList<string> Labels, double Dropout)
{
    private const string OfSequence = "ForSequenceClassification", OfToken = "ForTokenClassification";

    /// <summary>What the name of the architecture ends with.</summary>
    public string Suffix => OfTokens ? OfToken : OfSequence;

    /// <summary>Numbers that a file must have for the head.</summary>
    public Int128 ParametersAbove(EncoderConfiguration sizes) =>
        (Int128)(sizes.Size + 1) * Labels.Count + (OfTokens ? 0 : (Int128)(sizes.Size + 1) * sizes.Size);

    /// <summary>That of a head to be trained.</summary>
    /// <exception cref="ArgumentException">There is no label, or one twice or null.</exception>
    public static HeadConfiguration New(TextEncoder encoder, bool ofTokens, IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count == 0 || labels.Contains(null) || labels.Distinct(StringComparer.Ordinal).Count() < labels.Count)
            throw new ArgumentException("a classifier needs labels, each of them once.", nameof(labels));

        return new(ofTokens, [.. labels], DropoutOf(encoder.Files.Configuration, encoder.Sizes, ofTokens));
    }

    /// <summary>Whether a configuration is of a model that classifies tokens.</summary>
    public static bool IsOfTokens(JsonFile file) => Array.Exists(ArchitecturesOf(file), name => name.EndsWith(OfToken, StringComparison.Ordinal));

    /// <exception cref="TextModelException">The file is of another architecture, or its labels make no sense.</exception>
    public static HeadConfiguration Read(JsonFile file, EncoderConfiguration sizes, bool ofTokens)
    {
        string suffix = ofTokens ? OfToken : OfSequence;
        string[] architectures = ArchitecturesOf(file);
        if (!Array.Exists(architectures, name => name.EndsWith(suffix, StringComparison.Ordinal)))
        {
            throw file.Error(
                $"'architectures' must have a name that ends with {suffix}; it has {(architectures is [] ? "none" : string.Join(", ", architectures))}. "
                + "A new head is made for an encoder and labels");
        }

        return new(ofTokens, ReadLabels(file), DropoutOf(file, sizes, ofTokens));
    }

    private static string[] ArchitecturesOf(JsonFile file) => [.. file.Array("architectures").Select(file.StringOf)];

    private static double DropoutOf(JsonFile file, EncoderConfiguration sizes, bool ofTokens) =>
        sizes.Family.Name != "distilbert" ? file.Rate(sizes.Dropout, "classifier_dropout")
        : ofTokens ? sizes.Dropout : file.Rate(0.2, "seq_classif_dropout");

    // Without names there are two, or as many as the file says.
    private static string[] ReadLabels(JsonFile file)
    {
        const int Most = 1 << 20;
        if (file.Object("id2label") is not { } names)
        {
            int count = file.Integer(2, 1, "num_labels");
            file.Require(count <= Most, $"'num_labels' must be at most {Most}, not {count}");
            return [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"LABEL_{i}"))];
        }

        var members = names.Members();
        file.Require(members.Count > 0, "'id2label' is empty");
        var labels = new string?[members.Count];
        foreach ((string number, JsonElement label) in members)
        {
            file.Require(
                int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id < labels.Length && labels[id] is null,
                $"the numbers of {labels.Length} labels in 'id2label' must be 0 to {labels.Length - 1}, each once; there is '{number}'");
            labels[id] = names.StringOf(label);
        }

        return labels!;
    }
}
