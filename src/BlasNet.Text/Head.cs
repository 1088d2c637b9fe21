using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Operators;
using BlasNet.Text.Files;

namespace BlasNet.Text;

/// <summary>What classifies above an encoder: a text by its first token's vector, through a hidden layer, or each token by its own.</summary>
internal sealed class Head
{
    /// <summary>The names of the layers.</summary>
    public const string Dense = "classifier.dense", Output = "classifier.output", Tags = "tags.output";

    private readonly Linear? _dense;
    private readonly Linear _output;
    private readonly Func<Expr, Expr> _activation;
    private readonly double _dropout;

    /// <param name="parameters">Receives the parameters.</param>
    /// <param name="sizes">The encoder's.</param>
    /// <param name="about">What it classifies, and into what.</param>
    /// <param name="drops">Whether training drops what the configuration says.</param>
    public Head(IParameters parameters, EncoderConfiguration sizes, HeadConfiguration about, bool drops)
    {
        (About, _dropout) = (about, drops ? about.Dropout : 0);
        _dense = about.OfTokens ? null : new Linear(parameters, Dense, sizes.Size, sizes.Size);
        _output = new Linear(parameters, about.OfTokens ? Tags : Output, about.Labels.Count, sizes.Size);
        _activation = sizes.Family.Name == "distilbert" ? Op.Relu : Op.Tanh;
    }

    public HeadConfiguration About { get; }

    public IReadOnlyList<Parameter> Parameters => [.. _dense is null ? (Parameter[])[] : [_dense.W, _dense.B], _output.W, _output.B];

    /// <summary>A number for each label.</summary>
    /// <param name="vectors">[size × n], the first one the first token's; or those that are classified.</param>
    /// <returns>[labels], or [labels × n].</returns>
    public Expr Apply(Expr vectors)
    {
        Expr features = _dense is null ? vectors : _activation(_dense.Apply(Op.SliceColumns(vectors, 0, 1)));
        return _output.Apply(Op.Dropout(features, _dropout));
    }
}
