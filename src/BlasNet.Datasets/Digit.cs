namespace BlasNet.Datasets;

/// <summary>A labelled grey image: one example for a classifier.</summary>
/// <param name="Pixels">Row by row, 0 (paper) … 1 (ink).</param>
/// <param name="Label">The digit drawn, 0…9.</param>
public readonly record struct Digit(ReadOnlyMemory<float> Pixels, int Label)
{
    /// <summary>The number of different labels: 10.</summary>
    public const int Classes = 10;
}
