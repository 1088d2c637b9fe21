using BlasNet.Training;
using RateSchedule = BlasNet.Training.Schedule;

namespace BlasNet.Tests.Oracle;

/// <summary>The kinds of optimizers.</summary>
internal enum Method
{
    Sgd,
    Momentum,
    Nesterov,
    Adam,
    AdamW,
    RmsProp,
    Adagrad,
    Lion,
}

/// <summary>An optimizer: how it is made with BlasNet's public constructors, and what it does to one parameter.</summary>
internal sealed record OptimizerDefinition(Method Method, double Rate, int Schedule, double WeightDecay, double ClipValue, double ClipNorm, long? AverageFrom)
{
    // Large, so that a gradient's rounding is not divided by its own size.
    private const double Epsilon = 0.05;
    private const double Beta1 = 0.8, Beta2 = 0.9, Momentum = 0.7;

    public static OptimizerDefinition Create(Random random)
    {
        Method method = random.Next(2) == 0 ? Method.Sgd : (Method)random.Next(8);
        return new OptimizerDefinition(
            method, Rate: method == Method.Sgd ? 1 : 0.02, Schedule: random.Next(2) == 0 ? 0 : random.Next(6),
            WeightDecay: random.Next(4) == 0 ? 0.125 : 0, ClipValue: random.Next(6) == 0 ? 0.25 : double.PositiveInfinity,
            ClipNorm: random.Next(6) == 0 ? 1 : double.PositiveInfinity, AverageFrom: random.Next(2) == 0 ? random.Next(1, 3) : null);
    }

    public Optimizer Create()
    {
        Optimizer optimizer = Method switch
        {
            Method.Sgd => new Sgd(Rate),
            Method.Momentum => new Sgd(Rate, Momentum),
            Method.Nesterov => new Sgd(Rate, Momentum, nesterov: true),
            Method.Adam => new Adam(Rate, Beta1, Beta2, Epsilon),
            Method.AdamW => new AdamW(Rate, WeightDecay, Beta1, Beta2, Epsilon),
            Method.RmsProp => new RmsProp(Rate, Beta2, Epsilon),
            Method.Adagrad => new Adagrad(Rate, Epsilon),
            _ => new Lion(Rate, Beta1, Beta2),
        };
        (optimizer.WeightDecay, optimizer.ClipValue, optimizer.ClipNorm, optimizer.AverageFrom) = (WeightDecay, ClipValue, ClipNorm, AverageFrom);
        optimizer.Schedule = Schedule switch
        {
            1 => RateSchedule.Step(2, 0.5),
            2 => RateSchedule.Cosine(4, 0.25),
            3 => RateSchedule.Linear(3, 0.5),
            4 => RateSchedule.WarmUp(3),
            5 => RateSchedule.Constant.Then(2, RateSchedule.WarmUp(2)) * RateSchedule.Step(1, 0.75),
            _ => RateSchedule.Constant,
        };
        return optimizer;
    }

    /// <summary>η in a step, from 1.</summary>
    public double RateAt(long step) => Rate * Schedule switch
    {
        1 => Math.Pow(0.5, (step - 1) / 2),
        2 => 0.25 + 0.75 * (1 + Math.Cos(Math.PI * Math.Min(step - 1, 4) / 4)) / 2,
        3 => 1 - 0.5 * Math.Min(step - 1, 3) / 3,
        4 => Math.Min(1, step / 3.0),
        5 => (step <= 2 ? 1 : Math.Min(1, (step - 2) / 2.0)) * Math.Pow(0.75, step - 1),
        _ => 1,
    };

    /// <summary>One step of one parameter.</summary>
    /// <param name="p">Its value before.</param>
    /// <param name="g">The mean gradient, its norm clipped.</param>
    /// <param name="state">m or velocity, and v; 0 before the first step.</param>
    /// <param name="step">From 1.</param>
    public (double Parameter, OptimizerState State) Update(double p, double g, OptimizerState state, long step)
    {
        double rate = RateAt(step);
        g = Math.Clamp(g, -ClipValue, ClipValue);
        p -= rate * WeightDecay * p;
        switch (Method)
        {
            case Method.Sgd:
                return (p - rate * g, state);
            case Method.Momentum or Method.Nesterov:
                double velocity = Momentum * state.First + g;
                return (p - rate * (Method == Method.Nesterov ? g + Momentum * velocity : velocity), new OptimizerState(velocity, 0));
            case Method.Adam or Method.AdamW:
                double mean = Beta1 * state.First + (1 - Beta1) * g, square = Beta2 * state.Second + (1 - Beta2) * g * g;
                double unbiasedMean = mean / (1 - Math.Pow(Beta1, step)), unbiasedSquare = square / (1 - Math.Pow(Beta2, step));
                return (p - rate * unbiasedMean / (Math.Sqrt(unbiasedSquare) + Epsilon), new OptimizerState(mean, square));
            case Method.RmsProp:
                double decaying = Beta2 * state.First + (1 - Beta2) * g * g;
                return (p - rate * g / (Math.Sqrt(decaying) + Epsilon), new OptimizerState(decaying, 0));
            case Method.Adagrad:
                double sum = state.First + g * g;
                return (p - rate * g / (Math.Sqrt(sum) + Epsilon), new OptimizerState(sum, 0));
            default:
                double direction = Beta1 * state.First + (1 - Beta1) * g;
                return (p - rate * Math.Sign(direction), new OptimizerState(Beta2 * state.First + (1 - Beta2) * g, 0));
        }
    }

    /// <summary>Whether rounding decides what the step does: Lion's is that of a sign.</summary>
    public bool IsUndecided(double g, OptimizerState state, double error) =>
        Method == Method.Lion && Math.Abs(Beta1 * state.First + (1 - Beta1) * Math.Clamp(g, -ClipValue, ClipValue)) <= error;
}

/// <summary>What an optimizer remembers of one parameter.</summary>
internal readonly record struct OptimizerState(double First, double Second);
