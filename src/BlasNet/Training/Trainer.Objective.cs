using System.Diagnostics.CodeAnalysis;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <summary>One optimizer step: the objective (1/Σw)·Σ w·ℓ + J before it, part by part, and how it was computed.</summary>
/// <param name="Step">From 1.</param>
/// <param name="Examples">How many.</param>
/// <param name="Weight">Σw: the number of examples, where they have no weights.</param>
/// <param name="Loss">(1/Σw)·Σ w·ℓ.</param>
/// <param name="Penalty">J, the regulariser; 0 without one.</param>
/// <param name="GradientNorm">Of the objective, before clipping; NaN unless <see cref="Optimizer.ClipNorm"/> asks for it.</param>
/// <param name="LearningRate">Of this step.</param>
/// <param name="Passes">Over how many passes the examples were spread.</param>
/// <param name="ComputeBatch">Examples of the largest of these passes.</param>
/// <param name="PassBytes">Native memory that passes hold, measured: what the largest pass so far needed. It counts values and gradients within a graph,
/// packed weights and the kernels' scratch memory; not parameters, their gradient and the optimizer's state.</param>
public readonly record struct TrainingStep(
    long Step, int Examples, double Weight, double Loss, double Penalty, double GradientNorm, double LearningRate, int Passes,
    int ComputeBatch, long PassBytes)
{
    /// <summary>What is minimised: loss and regulariser together.</summary>
    public double Objective => Loss + Penalty;
}

/// <content>The objective: weights of examples, a regulariser.</content>
public sealed partial class Trainer<TExample>
{
    private Graph? _penaltyGraph;
    private TrainingStep _lastStep;

    /// <summary>The weight w of an example in the mean, at least 0: how many words it has, or how much it counts; null, the default, for 1 each.</summary>
    public Func<TExample, double>? Weight { get; set; }

    /// <summary>J, a scalar expression over parameters that is added to the mean loss; null, the default, for none. It is evaluated, and counts, once in
    /// each step, however many passes a step has. <see cref="Training.Regularizer"/> has the usual ones.</summary>
    public Func<Graph, Expr>? Regularizer { get; set; }

    /// <summary>The parts of the objective in the step done last.</summary>
    public TrainingStep LastStep
    {
        get
        {
            Prefetch.RequireNone();
            return _lastStep;
        }
    }

    /// <summary>The objective (1/Σw)·Σ w·ℓ + J of some examples and its gradient, as the next step would have them, without a step: in passes, by workers and
    /// ranks, with dropout and, where it is set, <see cref="ClipExampleNorm"/>; before <see cref="Optimizer.ClipNorm"/>.</summary>
    /// <returns>By every parameter; 0 for frozen ones.</returns>
    /// <remarks>A gradient that is not finite is handed over as it is.</remarks>
    /// <exception cref="NonFiniteException">The loss is infinite or NaN.</exception>
    /// <exception cref="ArgumentException">No examples.</exception>
    /// <exception cref="InvalidOperationException">As for a step.</exception>
    /// <exception cref="MemoryBudgetException">An example alone is too large for <see cref="MemoryBudget"/>.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public ModelGradient GradientOf(ReadOnlySpan<TExample> examples)
    {
        _use.Enter();
        try
        {
            using ComputeSettings.Scope settings = Options.Settings.Use();
            using ModelAccess.Scope change = Model.Access.Change(nameof(GradientOf));
            Profile? profile = Profile;
            Profile.Moment? begin = profile?.Begin(_accumulator.First.Times);
            AccumulateGradient(examples);
            ModelGradient gradient = _accumulator.MeanGradient();
            if (begin is { } moment)
                profile!.End(moment);

            return gradient;
        }
        finally
        {
            _use.Exit();
        }
    }

    /// <summary>Puts the average of the parameters (<see cref="Optimizer.AverageFrom"/>) in their place, to evaluate or to save it.</summary>
    /// <remarks>Until then the model can be evaluated and saved. A step, a checkpoint and whatever else changes parameters are refused: what they did would
    /// be lost, or be done with the average.</remarks>
    /// <returns>Puts the parameters back when it is disposed.</returns>
    /// <exception cref="InvalidOperationException">There is no average yet, it is in use already, or the calling thread is within an evaluation or a step
    /// of the same model.</exception>
    public IDisposable UseAverage()
    {
        using ModelAccess.Scope change = Model.Access.Exclusive(nameof(UseAverage));
        return _accumulator.UseAverage(Optimizer, StepCount);
    }

    private void AddPenalty()
    {
        if (Regularizer is null)
            return;

        Expr penalty = BuildPenalty(Regularizer);
        _accumulator.AddPenalty(_penaltyGraph, penalty, BudgetOfWorker, Workers);
        if (!double.IsFinite(_accumulator.Penalty))
            throw new NonFiniteException(StepCount + 1, example: null, NonFiniteException.OfLoss(_accumulator.Penalty), "the regulariser");
    }

    [MemberNotNull(nameof(_penaltyGraph))]
    private Expr BuildPenalty(Func<Graph, Expr> regularizer)
    {
        _penaltyGraph ??= Model.NewGraph();
        _penaltyGraph.Clear();
        return _penaltyGraph.ScalarOf(regularizer, "The regulariser");
    }
}
