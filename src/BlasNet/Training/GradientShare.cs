using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Structure;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Passes;

namespace BlasNet.Training;

/// <summary>What passes add up to, besides the gradient.</summary>
/// <param name="Loss">Σ w·ℓ.</param>
/// <param name="Weight">Σw.</param>
/// <param name="SquaredNorms">Σ |w·g|², as far as it was asked for; of what is left of each g where they are clipped.</param>
/// <param name="Examples">How many.</param>
/// <param name="Passes">How many.</param>
/// <param name="LargestPass">Its examples.</param>
internal readonly record struct PassSums(double Loss, double Weight, double SquaredNorms, int Examples, int Passes, int LargestPass)
{
    public static PassSums operator +(PassSums a, PassSums b) => new(
        a.Loss + b.Loss, a.Weight + b.Weight, a.SquaredNorms + b.SquaredNorms, a.Examples + b.Examples, a.Passes + b.Passes, Math.Max(a.LargestPass, b.LargestPass));
}

/// <summary>One thread's sums of losses and gradients in a step: an engine and a buffer of its own, over the parameters that all share.</summary>
internal abstract class GradientShare : IDisposable
{
    /// <summary>Of the passes since <see cref="Begin"/>.</summary>
    public PassSums Sums { get; protected set; }

    public abstract PhaseTimes Times { get; }

    /// <summary>The plan of the last pass.</summary>
    public abstract Plan Plan { get; }

    /// <summary>Time by operator; null while nobody asks.</summary>
    public abstract Profile? Profile { get; set; }

    /// <summary>Whether every value that is computed must be finite.</summary>
    public abstract bool DetectAnomalies { get; set; }

    /// <summary>The node of the last pass that broke this rule first, as it is printed; null where none did.</summary>
    public abstract string? Anomaly { get; }

    /// <summary>Bytes that passes hold now: values, and the scratch memory of the thread that computed the last one.</summary>
    public abstract long HeldBytes { get; }

    /// <summary>Starts a new optimizer step.</summary>
    public void Begin() => Sums = default;

    /// <summary>Adds what another thread's passes came to; its gradient comes by itself.</summary>
    public void Add(GradientShare other) => Sums += other.Sums;

    /// <summary>Makes or finds the plan of a pass; nothing is computed yet, and another pass may be prepared instead.</summary>
    /// <param name="graph">The pass's minibatch graph.</param>
    /// <param name="losses">One scalar for each example of it, times its weight.</param>
    /// <param name="byExample">Asks for norms or clipping of the examples' gradients.</param>
    public abstract void Prepare(Graph graph, ReadOnlySpan<Expr> losses, ByExample? byExample = null);

    /// <summary>What the pass that was prepared takes.</summary>
    /// <param name="workers">How many such passes there are at once, over the same packed weights.</param>
    public abstract PassMemory Memory(int workers = 1);

    /// <summary>Computes the pass that was prepared.</summary>
    /// <param name="examples">How many it has.</param>
    /// <param name="weight">The sum of their weights.</param>
    public abstract void Add(int examples, double weight);

    /// <summary>|Σ w·g|², of all examples since <see cref="Begin"/>.</summary>
    public abstract double SquaredNorm();

    public abstract void Dispose();
}

/// <inheritdoc/>
internal sealed class GradientShare<T>(ParameterStore<T> parameters, Parameter[] targets, EngineOptions options) : GradientShare
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly bool[] _seen = new bool[targets.Length];
    private Plan _plan = null!;
    private ByExample? _byExample;   // what is asked of the pass
    private long _scratchBytes;

    public Engine<T> Engine { get; } = new(parameters, options);

    public GradientBuffer<T> Gradient { get; } = new(parameters.Length, targets);

    public override PhaseTimes Times => Engine.Times;

    public override Plan Plan => _plan;

    public override Profile? Profile
    {
        get => Engine.Executor.Profile;
        set => Engine.Executor.Profile = value;
    }

    public override bool DetectAnomalies
    {
        get => Engine.DetectAnomalies;
        set => Engine.DetectAnomalies = value;
    }

    public override string? Anomaly => Engine.Anomaly;

    public override long HeldBytes => Engine.Executor.ArenaBytes + _scratchBytes;

    public override void Prepare(Graph graph, ReadOnlySpan<Expr> losses, ByExample? byExample)
    {
        Expr total = Expr.Apply(TotalOperator.Instance, losses);
        Engine.Prepare(graph, [total], total, targets, byExample);
        (_plan, _byExample) = (Engine.Plan, byExample);
    }

    public override PassMemory Memory(int workers) => PassMemory.Of<T>(Engine.Plan, _seen, workers);

    public override void Add(int examples, double weight)
    {
        Engine.Execute(Gradient, accumulate: Sums.Passes > 0);
        double squaredNorms = 0;
        for (int example = 0; _byExample is not null && example < examples; example++)
            squaredNorms += Math.Min(Engine.SquaredNormOf(example), _byExample.ClipNorm * _byExample.ClipNorm);

        Sums += new PassSums(double.CreateTruncating(Engine.ValueOf(0)[0]), weight, squaredNorms, examples, Passes: 1, LargestPass: examples);
        _scratchBytes = GemmScratch.Bytes;
    }

    public override double SquaredNorm()
    {
        const int ChunkLength = 4096;   // squares are added up in T within a chunk, in double beyond it
        double sum = 0;
        foreach (Segment part in Gradient.Touched())
        {
            for (int start = part.Start; start < part.End; start += ChunkLength)
                sum += double.CreateTruncating(TensorPrimitives.SumOfSquares<T>(Gradient.Span[start..Math.Min(part.End, start + ChunkLength)]));
        }

        return sum;
    }

    public override void Dispose()
    {
        Engine.Dispose();
        Gradient.Dispose();
    }
}
