namespace BlasNet.Fusion;

/// <summary>Which gradient of a cell is asked for: the number of terms of each result's gradient, and the arguments whose gradients are wanted.</summary>
/// <remarks>Up to 32 results of up to 15 terms, in four bits each; one bit for each argument, of which those 64 apart share one and are wanted together.
/// </remarks>
internal readonly record struct CellGradient
{
    private const int BitsOfTerms = 4;

    private UInt128 Terms { get; init; }

    private long Arguments { get; init; }

    /// <summary>One term for each result, and the gradients of all arguments.</summary>
    public static CellGradient OfAll(int results)
    {
        var all = new CellGradient { Arguments = -1 };
        for (int result = 0; result < results; result++)
            all = all.WithTerms(result, 1);

        return all;
    }

    /// <summary>How many terms the gradient of a result is given as; 0 where it is zero.</summary>
    public int TermsOf(int result) => (int)(Terms >> (BitsOfTerms * result)) & ((1 << BitsOfTerms) - 1);

    /// <summary>Whether the gradient of an argument is wanted.</summary>
    public bool Wants(int argument) => (Arguments & 1L << argument) != 0;

    /// <summary>The same with the number of terms of one more result.</summary>
    public CellGradient WithTerms(int result, int terms) => this with { Terms = Terms | (UInt128)terms << (BitsOfTerms * result) };

    /// <summary>The same with one more argument.</summary>
    public CellGradient WithArgument(int argument) => this with { Arguments = Arguments | 1L << argument };
}
