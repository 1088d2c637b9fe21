using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <summary>What passes add up to, besides the gradient.</summary>
/// <param name="Loss">Σ w·ℓ.</param>
/// <param name="Weight">Σw.</param>
/// <param name="SquaredNorms">Σ |w·g|², as far as it was asked for; of what is left of each g where they are clipped.</param>
/// <param name="Examples">How many.</param>
/// <param name="Passes">How many.</param>
/// <param name="LargestPass">Its examples.</param>
internal readonly record struct MicrobatchSums(double Loss, double Weight, double SquaredNorms, int Examples, int Passes, int LargestPass)
{
    public static MicrobatchSums operator +(MicrobatchSums a, MicrobatchSums b) => new(
        a.Loss + b.Loss, a.Weight + b.Weight, a.SquaredNorms + b.SquaredNorms, a.Examples + b.Examples, a.Passes + b.Passes,
        Math.Max(a.LargestPass, b.LargestPass));
}

/// <summary>One thread's sums of losses and gradients in a step: an engine and a buffer of its own, over the parameters that all share.</summary>
internal abstract class WorkerGradient : IDisposable
{
    /// <summary>Of the passes since <see cref="Begin"/>.</summary>
    public MicrobatchSums Sums { get; protected set; }

    public abstract PhaseTimes Times { get; }

    /// <summary>The plan of the last pass.</summary>
    public abstract Plan Plan { get; }

    /// <summary>Takes in what is computed; null while nobody asks.</summary>
    public abstract Profile? Profile { get; set; }

    /// <summary>Whether every value that is computed must be finite.</summary>
    public abstract bool DetectAnomalies { set; }

    /// <summary>The node of the last pass that broke this rule first, as it is printed; null where none did.</summary>
    public abstract string? Anomaly { get; }

    /// <summary>Bytes that passes hold now: values, and the scratch memory of the thread that computed the last one.</summary>
    public abstract long HeldBytes { get; }

    /// <summary>Says which parameters get a gradient from here on; that of all others is zero.</summary>
    public abstract void Train(Parameter[] trained);

    /// <summary>Starts a new optimizer step.</summary>
    public void Begin() => Sums = default;

    /// <summary>Adds what another thread's passes came to; its gradient comes by itself.</summary>
    public void Add(WorkerGradient other) => Sums += other.Sums;

    /// <summary>Has the sums of all ranks, in the place of its own.</summary>
    public void Replace(MicrobatchSums sums) => Sums = sums;

    /// <summary>Runs the async functions of a pass's examples.</summary>
    public abstract ExampleFunctions Rounds { get; }

    /// <summary>Makes or finds the plan of a pass; nothing is computed yet, and another pass may be prepared instead, or computed meanwhile.</summary>
    public abstract void Prepare(Microbatch pass);

    /// <summary>What a pass takes that has been prepared.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="workers">How many such passes there are at once, over the same packed weights.</param>
    public abstract MicrobatchMemory Memory(Microbatch pass, int workers = 1);

    /// <summary>Computes a pass that has been prepared.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="weight">The sum of its examples' weights.</param>
    public abstract void Add(Microbatch pass, double weight);

    /// <summary>|Σ w·g|, of all examples since <see cref="Begin"/>.</summary>
    public abstract double Norm();

    public abstract void Dispose();
}

/// <inheritdoc/>
/// <param name="parameters">Their values.</param>
/// <param name="all">All of the model.</param>
/// <param name="options">Of the engine.</param>
/// <param name="newGraph">Makes a graph of the model.</param>
internal sealed class WorkerGradient<T>(ParameterStore<T> parameters, Parameter[] all, ComputeOptions options, Func<Graph> newGraph)
    : WorkerGradient
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly bool[] _seen = new bool[all.Length];
    private readonly Parameter[] _all = all;
    private Parameter[] _trained = all;
    private Plan _plan = null!;
    private long _scratchBytes;
    private RoundRunner<T>? _rounds;

    public Engine<T> Engine { get; } = new(parameters, options);

    public GradientBuffer<T> Gradient { get; } = new(parameters.Length, all);

    public override PhaseTimes Times => Engine.Times;

    public override Plan Plan => _plan;

    public override Profile? Profile
    {
        get;
        set
        {
            field = value;
            Engine.Executor.Times = value is { TimesKernels: true } ? value : null;
        }
    }

    public override bool DetectAnomalies
    {
        set => Engine.DetectAnomalies = value;
    }

    public override string? Anomaly => Engine.Anomaly;

    public override long HeldBytes => Engine.Executor.ArenaBytes + _scratchBytes + (_rounds?.HeldBytes ?? 0);

    public override ExampleFunctions Rounds => _rounds ??= new RoundRunner<T>(Engine, newGraph(), newGraph());

    public override void Train(Parameter[] trained)
    {
        _trained = trained;
        Gradient.ClearAll(_all);
    }

    public override void Prepare(Microbatch pass)
    {
        Expr total = Expr.Apply(TotalOperator.Instance, CollectionsMarshal.AsSpan(pass.Examples.Losses));
        pass.Hold(pass.IsInRounds
            ? _rounds!.CompileGradient(total, _trained)
            : Engine.Compile(new PlanRequest(pass.Graph, [total], total, _trained, pass.IsByExample ? pass.Examples : null)));
    }

    public override MicrobatchMemory Memory(Microbatch pass, int workers)
    {
        MicrobatchMemory memory = Memory(pass.Compiled!.Plan, pass.Graph, workers);
        return pass.IsInRounds ? memory with { ArenaBytes = memory.ArenaBytes + _rounds!.Bytes } : memory;
    }

    /// <summary>What a plan takes for a graph.</summary>
    public MicrobatchMemory Memory(Plan plan, Graph graph, int workers) => MicrobatchMemory.Of<T>(plan, graph.Data, _seen, workers);

    public override void Add(Microbatch pass, double weight)
    {
        Engine.Use(pass.Compiled!, pass.Graph);
        _plan = Engine.Plan;
        Profile?.AddPass(pass.Count, _plan.PeakBytes);
        Engine.Execute(Gradient, accumulate: Sums.Passes > 0);
        double squaredNorms = 0;
        for (int example = 0; pass.IsByExample && example < pass.Count; example++)
        {
            double norm = Math.Min(Engine.NormOf(example), pass.Examples.ClipNorm);
            squaredNorms += norm * norm;
        }

        Sums += new MicrobatchSums(double.CreateTruncating(Engine.ValueOf(0)[0]), weight, squaredNorms, pass.Count, Passes: 1, LargestPass: pass.Count);
        _scratchBytes = GemmScratch.Bytes;
    }

    public override double Norm()
    {
        const int ChunkLength = 4096;   // squares are added up in T within a chunk, in double beyond it
        var norm = new EuclideanNorm();
        foreach (Segment part in Gradient.Touched())
        {
            for (int start = part.Start; start < part.End; start += ChunkLength)
                norm.Add(Norms.Euclidean<T>(Gradient.Span[start..Math.Min(part.End, start + ChunkLength)]));
        }

        return norm.Value;
    }

    public override void Dispose()
    {
        Engine.Dispose();
        Gradient.Dispose();
        _rounds?.Dispose();
    }
}
