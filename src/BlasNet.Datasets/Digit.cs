namespace BlasNet.Datasets;

/// <summary>A labelled grey image, of a digit or of anything else: one example for a classifier.</summary>
public readonly record struct Digit
{
    /// <summary>The largest label that files may have: 65,535. A classifier has an output for each one up to the largest that occurs.</summary>
    public const int MaximumLabel = (1 << 16) - 1;

    private readonly ReadOnlyMemory<float> _pixels;

    /// <param name="pixels">Row by row, 0 (paper) … 1 (ink).</param>
    /// <param name="label">The class of what is drawn, from 0: of a digit 0…9.</param>
    public Digit(ReadOnlyMemory<float> pixels, int label) => (_pixels, Label) = (pixels, label);

    /// <summary>Row by row, 0 (paper) … 1 (ink).</summary>
    public ReadOnlySpan<float> Pixels => _pixels.Span;

    /// <summary>The class of what is drawn, from 0: of a digit 0…9, of a letter of EMNIST 1…26.</summary>
    public int Label { get; }

    /// <summary>How many classes some digits need: one more than their largest label; 0 for none.</summary>
    public static int ClassesOf(IEnumerable<Digit> digits)
    {
        ArgumentNullException.ThrowIfNull(digits);

        return digits.Aggregate(0, (classes, digit) => Math.Max(classes, digit.Label + 1));
    }

    internal static bool IsLabel(float value) => value >= 0 && value <= MaximumLabel && float.IsInteger(value);

    /// <summary>As <c>7 (64 pixels)</c>.</summary>
    public override string ToString() => $"{Label} ({_pixels.Length} pixels)";
}
