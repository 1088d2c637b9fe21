using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Structure;

namespace BlasNet.Training;

/// <summary>One worker's sums of losses and gradients in a step: an engine and a buffer of its own, over the parameters that all share.</summary>
internal abstract class GradientShare : IDisposable
{
    /// <summary>Sum of the losses, each times its weight, since <see cref="Begin"/>.</summary>
    public double LossSum { get; protected set; }

    /// <summary>Number of passes since <see cref="Begin"/>.</summary>
    public int Passes { get; protected set; }

    /// <summary>Examples of the largest pass since <see cref="Begin"/>.</summary>
    public int LargestPass { get; protected set; }

    public abstract bool DetectAnomalies { get; set; }

    /// <summary>The node of the last pass that first gave a value that is not finite, as it is printed; null where none did.</summary>
    public abstract string? Anomaly { get; }

    public void Begin() => (LossSum, Passes, LargestPass) = (0, 0, 0);

    /// <summary>Computes one pass.</summary>
    public abstract void Add(Graph graph, ReadOnlySpan<Expr> losses);

    public abstract void Dispose();
}

/// <inheritdoc/>
internal sealed class GradientShare<T>(ParameterStore<T> parameters, Parameter[] targets, EngineOptions options) : GradientShare
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Engine<T> _engine = new(parameters, options);

    public GradientBuffer<T> Gradient { get; } = new(parameters.Length, targets);

    public override bool DetectAnomalies
    {
        get => _engine.DetectAnomalies;
        set => _engine.DetectAnomalies = value;
    }

    public override string? Anomaly => _engine.Anomaly;

    public override void Add(Graph graph, ReadOnlySpan<Expr> losses)
    {
        Expr total = Expr.Apply(TotalOperator.Instance, losses);
        _engine.Prepare(graph, [total], total, targets);
        _engine.Execute(Gradient, accumulate: Passes > 0);
        LossSum += double.CreateTruncating(_engine.ValueOf(0)[0]);
        LargestPass = Math.Max(LargestPass, losses.Length);
        Passes++;
    }

    public override void Dispose()
    {
        _engine.Dispose();
        Gradient.Dispose();
    }
}
