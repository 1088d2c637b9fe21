namespace BlasNet.Tests.Oracle;

/// <summary>Makes up what is done with a program's examples.</summary>
internal sealed class ActWriter(
    Random random, IReadOnlyList<RandomParameter> parameters, RandomExample[] pool, OptimizerDefinition optimizer, RandomExample penalty)
{
    private static readonly double[] ClipNorms = [0.25, 1, 4];

    /// <summary>Some acts; often one once more with other data, so that its plan is found again.</summary>
    public IReadOnlyList<Act> Write()
    {
        var acts = new List<Act>();
        for (int count = random.Next(1, 5); count > 0; count--)
        {
            acts.AddRange(AroundAverage(Next()));
            for (int again = random.Next(2) * random.Next(4); again > 0; again--)
                acts.Add(acts[^1].With(example => WithOtherData(example) with { Weight = example.Weight }));
        }

        return acts;
    }

    // An evaluation with the average of the parameters comes between two without.
    private static Act[] AroundAverage(Act act)
    {
        if (act is not EvaluateAct { UsesAverage: true } evaluation)
            return [act];

        EvaluateAct plain = evaluation with { UsesAverage = false };
        return [plain, act, plain];
    }

    private Act Next()
    {
        RandomExample[] examples = Pick();
        return random.Next(21) switch
        {
            0 or 1 or 2 => new EvaluateAct(examples, One(1, 2, 256), One(1, 1, 2, 3), random.Next(2) == 0)
            {
                Resets = optimizer.AverageFrom is null && random.Next(4) == 0,
                UsesAverage = optimizer.AverageFrom is not null && random.Next(3) > 0,
                Repeats = random.Next(4) == 0 ? 12 : 1,
                HasBudget = random.Next(5) == 0,
            },
            3 or 4 => new NormsAct(examples, One(1, 2, 256)),
            5 or 6 => new EngineAct(examples, Options(), (EngineRequest)random.Next(2), random.Next(1, 4)),
            7 => new DeriveAct(examples, Options()),
            8 => new BatchAct(examples),
            9 when optimizer.Method != Method.Sgd =>
                new EpochAct(examples, random.Next(1, 5), One(0, 0, 1, 2), PreparesAhead: random.Next(3) > 0) { Resets = true },
            10 => new TouchAct(examples, One(0, 0, 1, 2, 3), One(1, 1, 2)),
            11 => new RankAct(Train(Varied(examples)) with { HasBudget = false, IsPoisoned = false, Workers = 1 }, One(2, 2, 3)),
            12 => new CheckpointAct(Train(Varied(examples)) with { IsPoisoned = false }, random.Next(6)),
            13 => new ServeAct(examples, One(1, 2), One(1, 3, 256), One(1, 3)),
            _ => Train(examples),
        };
    }

    // The defaults, everything off, and any combination.
    private ComputeOptions Options() => random.Next(4) switch
    {
        0 => new ComputeOptions { Verify = true },
        1 => ComputeOptions.AsWritten with { Verify = true },
        _ => new ComputeOptions
        {
            Batching = random.Next(3) > 0,
            DifferentiateFirst = random.Next(2) == 0,
            ShareEqual = random.Next(4) > 0,
            NumbersApart = 1 + random.Next(4),
            Simplify = random.Next(2) == 0,
            Fuse = random.Next(2) == 0,
            ReuseMemory = random.Next(2) == 0,
            Verify = true,
        },
    };

    private TrainAct Train(RandomExample[] examples) => new(examples, One(0, 0, 1, 2, 3), One(1, 1, 1, 2, 3))
    {
        HasBudget = random.Next(5) == 0,
        IsWeighted = random.Next(3) == 0 && examples.Any(example => example.Weight > 0),
        ClipExampleNorm = random.Next(4) == 0 ? ClipNorms[random.Next(ClipNorms.Length)] : double.PositiveInfinity,
        Noise = random.Next(2) == 0 ? Noise.None : (Noise)random.Next(3),
        Penalty = random.Next(5) == 0 ? penalty : null,
        IsPoisoned = random.Next(60) == 0,
        Resets = optimizer.Method == Method.Sgd || random.Next(4) == 0,
    };

    // As they are, or some of them in another order, often with other data in the same structure.
    private RandomExample[] Pick()
    {
        IEnumerable<RandomExample> some = Enumerable.Range(0, random.Next(1, 7)).Select(_ => pool[random.Next(pool.Length)]);
        RandomExample[] picked = random.Next(2) == 0 ? [.. pool] : [.. some];
        return random.Next(3) == 0 ? picked : [.. picked.Select(WithOtherData)];
    }

    // The one with the most words also with other ones, several times: equal ones, different ones.
    private RandomExample[] Varied(RandomExample[] examples)
    {
        RandomExample one = examples.MaxBy(example => example.Steps.Count(step => step.Operation == Operations.Lookup))!;
        return [.. examples.Take(2), .. Enumerable.Range(0, 4).Select(_ => WithOtherData(one) with { Weight = one.Weight })];
    }

    private RandomExample WithOtherData(RandomExample example)
    {
        RandomExample changed = example.WithOtherData(random);
        double[][] initial = [.. parameters.Select(parameter => parameter.Values)];
        return changed.Evaluate(parameters, initial, seed: 0, number: 0, isTraining: true).IsTame ? changed : example;
    }

    private int One(params int[] choices) => choices[random.Next(choices.Length)];
}
