namespace BlasNet.Datasets;

/// <summary>A labelled grey image: one example for a classifier.</summary>
public readonly record struct Digit
{
    /// <summary>The number of different labels: 10.</summary>
    public const int Classes = 10;

    private readonly ReadOnlyMemory<float> _pixels;

    /// <param name="pixels">Row by row, 0 (paper) … 1 (ink).</param>
    /// <param name="label">The digit drawn, 0…9.</param>
    public Digit(ReadOnlyMemory<float> pixels, int label) => (_pixels, Label) = (pixels, label);

    /// <summary>Row by row, 0 (paper) … 1 (ink).</summary>
    public ReadOnlySpan<float> Pixels => _pixels.Span;

    /// <summary>The digit drawn, 0…9.</summary>
    public int Label { get; }

    /// <summary>As <c>7 (64 pixels)</c>.</summary>
    public override string ToString() => $"{Label} ({_pixels.Length} pixels)";
}
