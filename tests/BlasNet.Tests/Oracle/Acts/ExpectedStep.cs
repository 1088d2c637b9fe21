namespace BlasNet.Tests.Oracle;

/// <summary>What the definition of the objective gives for one step: (1/Σw)·Σ w·ℓ + J, its gradient, and the norms on the way.</summary>
internal sealed class ExpectedStep
{
    private readonly double[] _weights;
    private readonly double[][][] _gradients;   // of each example, times its weight, clipped

    public ExpectedStep(TrainAct act, ExampleResult[] results, ExampleResult? penalty, double[][] before)
    {
        Before = before;
        _weights = [.. act.Examples.Select(example => act.IsWeighted ? example.Weight : 1)];
        _gradients = [.. results.Select((result, i) => Clipped(result.Gradients, _weights[i], act.ClipExampleNorm))];
        Weight = _weights.Sum();
        Loss = results.Select((result, i) => _weights[i] * result.Loss.Value).Sum() / Weight;
        Penalty = penalty?.Loss.Value ?? 0;
        Scale = Math.Max(penalty?.Scale ?? 0, results.Max(result => result.Scale) * Math.Max(1, _weights.Max()));
        Gradient = Mean(results.Length);
        if (penalty is not null)
            Doubles.Add(Gradient, penalty.Gradients, 1);
    }

    /// <summary>The parameters before it.</summary>
    public double[][] Before { get; }

    /// <summary>Σw.</summary>
    public double Weight { get; }

    public double Loss { get; }

    public double Penalty { get; }

    /// <summary>Of the objective.</summary>
    public double[][] Gradient { get; }

    /// <summary>How much rounding is amplified.</summary>
    public double Scale { get; }

    /// <summary>(1/n)·Σ |n·w·g/Σw|².</summary>
    public double MeanSquaredNormOfExamples => _gradients.Sum(Doubles.SquaredNorm) * _gradients.Length / (Weight * Weight);

    /// <summary>|G|² of the first examples' mean.</summary>
    public double SquaredNormOf(int examples) => Doubles.SquaredNorm(Mean(Math.Min(examples, _gradients.Length)));

    private double[][] Mean(int examples)
    {
        double[][] mean = Doubles.Like(Before);
        foreach (double[][] gradient in _gradients.Take(examples))
            Doubles.Add(mean, gradient, 1 / _weights.Take(examples).Sum());

        return mean;
    }

    private static double[][] Clipped(double[][] gradient, double weight, double clipNorm)
    {
        double norm = weight * Math.Sqrt(Doubles.SquaredNorm(gradient));
        double factor = norm > clipNorm ? weight * clipNorm / norm : weight;
        return [.. gradient.Select(part => part.Select(x => x * factor).ToArray())];
    }
}
