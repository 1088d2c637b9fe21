using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>A weight and the low-rank update beside it: W + s·B·A.</summary>
public sealed class LowRankAdapter
{
    internal LowRankAdapter(Parameter weight, Parameter a, Parameter b) => (Weight, A, B) = (weight, a, b);

    /// <summary>W, [m × k]; frozen while the adapter is trained.</summary>
    public Parameter Weight { get; }

    /// <summary>[r × k], at first normal with variance 1/k.</summary>
    public Parameter A { get; }

    /// <summary>[m × r], at first zeros: an adapter that is new changes nothing.</summary>
    public Parameter B { get; }
}

/// <summary>Gives chosen weights of layers low-rank adapters: (W + s·B·A)·x, computed as W·x + s·B·(A·x).</summary>
/// <remarks>Layers get their parameters from it in the place of the model, and multiply by <see cref="Multiply"/>. With the weights frozen, a step computes
/// gradients of (m + k)·r numbers instead of m·k, and the optimizer keeps state for these alone.
/// Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022, arXiv:2106.09685, section 4.1; s is its α/r.</remarks>
/// <example><code>
/// var adapters = new LowRankAdapters(model, rank: 8, scale: 2, name => name.EndsWith(".Q") || name.EndsWith(".V"));
/// var layer = new TransformerLayer(adapters, "layer", size: 64, inner: 256, heads: 4, Gelu, product: adapters.Multiply);
/// trainer.Groups = [ParameterGroup.Frozen(model.Parameters.Except(adapters.Parameters))];
/// </code></example>
public sealed class LowRankAdapters : IParameters
{
    private readonly IParameters _parameters;
    private readonly int _rank;
    private readonly Func<string, bool> _isChosen;
    private readonly Dictionary<Parameter, LowRankAdapter> _adapters = [];

    /// <param name="parameters">The model, which receives <c>name.lora_A</c> and <c>name.lora_B</c> for each chosen weight <c>name</c>.</param>
    /// <param name="rank">r, from 1.</param>
    /// <param name="scale">s.</param>
    /// <param name="isChosen">Says by its name whether a weight gets an adapter.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rank"/> is below 1, or <paramref name="scale"/> is not finite.</exception>
    public LowRankAdapters(IParameters parameters, int rank, double scale, Func<string, bool> isChosen)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(isChosen);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        if (!double.IsFinite(scale))
            throw new ArgumentOutOfRangeException(nameof(scale), scale, "the scale must be finite.");

        (_parameters, _rank, Scale, _isChosen) = (parameters, rank, scale, isChosen);
    }

    /// <summary>s.</summary>
    public double Scale { get; }

    /// <summary>Those of the chosen weights.</summary>
    public IReadOnlyCollection<LowRankAdapter> Adapters => _adapters.Values;

    /// <summary>What the adapters are made of, each A and B: what is trained.</summary>
    public IEnumerable<Parameter> Parameters => _adapters.Values.SelectMany(adapter => (Parameter[])[adapter.A, adapter.B]);

    /// <inheritdoc/>
    public Parameter Weight(string name, int outputs, int inputs, Initializer? initializer = null)
    {
        Parameter weight = _parameters.Weight(name, outputs, inputs, initializer);
        if (_isChosen(name))
        {
            Parameter a = _parameters.Weight($"{name}.lora_A", _rank, inputs, Initializer.Normal(0, 1 / Math.Sqrt(inputs)));
            _adapters.Add(weight, new(weight, a, _parameters.Weight($"{name}.lora_B", outputs, _rank, Initializer.Zeros)));
        }

        return weight;
    }

    /// <inheritdoc/>
    public Parameter Bias(string name, int size, Initializer? initializer = null) => _parameters.Bias(name, size, initializer);

    /// <summary>The adapter of a weight; null where it has none.</summary>
    public LowRankAdapter? AdapterOf(Parameter weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        return _adapters.GetValueOrDefault(weight);
    }

    /// <summary>W·x, and s·B·(A·x) added where the weight has an adapter.</summary>
    /// <param name="weight">[m × k].</param>
    /// <param name="x">[k] or [k × c].</param>
    /// <returns>[m] or [m × c].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Multiply(Parameter weight, Expr x)
    {
        Expr y = Op.MatMul(weight, x);
        return AdapterOf(weight) is { } adapter ? y + Op.Scale(Op.MatMul(adapter.B, Op.MatMul(adapter.A, x)), Scale) : y;
    }
}
