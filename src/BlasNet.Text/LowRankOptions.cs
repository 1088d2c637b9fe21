using BlasNet.Layers;
using BlasNet.Training;

namespace BlasNet.Text;

/// <summary>Which products of each layer of an encoder get low-rank adapters.</summary>
[Flags]
public enum AdaptedProducts
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>That which makes the queries of attention.</summary>
    Query = 1,

    /// <summary>That which makes its keys.</summary>
    Key = 2,

    /// <summary>That which makes its values.</summary>
    Value = 4,

    /// <summary>That which brings its heads together.</summary>
    Output = 8,

    /// <summary>The first of the two after attention.</summary>
    Up = 16,

    /// <summary>The second of them.</summary>
    Down = 32,

    /// <summary>All six.</summary>
    All = Query | Key | Value | Output | Up | Down,
}

/// <summary>Low-rank adapters of an encoder: it computes (W + (α/r)·B·A)·x in the place of W·x.</summary>
/// <remarks>Nothing changes by them until they are trained, with <see cref="TextEncoder.Parameters"/> frozen; what is saved has them added to the weights.
/// Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022, arXiv:2106.09685.</remarks>
public sealed record LowRankOptions
{
    private static readonly (AdaptedProducts Product, string Weight)[] Names =
    [
        (AdaptedProducts.Query, ".attention.Q"), (AdaptedProducts.Key, ".attention.K"), (AdaptedProducts.Value, ".attention.V"),
        (AdaptedProducts.Output, ".attention.output.W"), (AdaptedProducts.Up, ".up.W"), (AdaptedProducts.Down, ".down.W"),
    ];

    /// <summary>r, from 1.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α: the update is multiplied with α/r, so that another rank needs no other learning rate.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>The products that have one; queries and values by default, as in the paper.</summary>
    public AdaptedProducts Products { get; init; } = AdaptedProducts.Query | AdaptedProducts.Value;

    /// <exception cref="ArgumentOutOfRangeException">The rank is below 1, or α is not finite.</exception>
    internal LowRankAdapters For(Model model) => new(model, Rank, Alpha / Rank, IsChosen);

    private bool IsChosen(string weight) => weight.StartsWith("layers.", StringComparison.Ordinal)
        && Names.Any(name => Products.HasFlag(name.Product) && weight.EndsWith(name.Weight, StringComparison.Ordinal));
}
