namespace BlasNet.Text;

/// <summary>What a <see cref="TextEncoder"/> does differently from what its folder says.</summary>
public sealed record TextEncoderOptions
{
    /// <summary>How the vectors of tokens become one; null for what <c>1_Pooling/config.json</c> says, or the mean where there is none.</summary>
    public Pooling? Pooling { get; init; }

    /// <summary>Whether vectors have length 1; null for what <c>modules.json</c> says, or false where there is none.</summary>
    public bool? Normalize { get; init; }

    /// <summary>Number of tokens of the longest text, those that begin and end it included; null for what the folder says.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>What is done with texts of more tokens than <see cref="MaximumTokens"/>.</summary>
    public LongTexts LongTexts { get; init; }

    /// <summary>About how many tokens are computed at once. Changes no vector but for rounding.</summary>
    public int BatchTokens { get; init; } = 512;
}
