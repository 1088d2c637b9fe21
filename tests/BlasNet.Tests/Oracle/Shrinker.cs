namespace BlasNet.Tests.Oracle;

/// <summary>Makes a failing program smaller: fewer acts, examples and steps, as long as it fails in the same way.</summary>
/// <param name="failure">What is wrong with a program; null for nothing.</param>
internal sealed class Shrinker(Func<RandomProgram, ProgramFailure?> failure)
{
    private const int Attempts = 3000;

    public (RandomProgram Program, ProgramFailure Failure) Shrink(RandomProgram program, ProgramFailure found)
    {
        int attempts = 0;
        bool isSmaller = true;
        while (isSmaller)
        {
            isSmaller = false;
            foreach (RandomProgram smaller in Smaller(program))
            {
                if (++attempts > Attempts)
                    return (program, found);

                if (failure(smaller) is not { } still || still.Kind != found.Kind)
                    continue;

                (program, found, isSmaller) = (smaller, still, true);
                break;
            }
        }

        return (program, found);
    }

    private static IEnumerable<RandomProgram> Smaller(RandomProgram program)
    {
        for (int i = 0; i < program.Acts.Count; i++)
        {
            yield return program with { Acts = [.. program.Acts.Take(i), .. program.Acts.Skip(i + 1)] };
            foreach (Act simpler in program.Acts[i].Simpler())
                yield return program.WithAct(i, simpler);
        }

        for (int i = 0; i < program.Acts.Count; i++)
        {
            Act act = program.Acts[i];
            for (int e = 0; e < act.Examples.Count && act.Examples.Count > 1; e++)
                yield return program.WithAct(i, act with { Examples = [.. act.Examples.Take(e), .. act.Examples.Skip(e + 1)] });

            for (int e = 0; e < act.Examples.Count; e++)
            {
                foreach (RandomExample smaller in Smaller(act.Examples[e], program.Parameters))
                    yield return program.WithAct(i, act with { Examples = [.. act.Examples.Take(e), smaller, .. act.Examples.Skip(e + 1)] });
            }
        }

        foreach (FunctionDefinition function in program.Functions)
        {
            foreach (FunctionDefinition smaller in Smaller(function))
                yield return program.WithFunction(function, smaller);
        }
    }

    private static IEnumerable<RandomExample> Smaller(RandomExample example, IReadOnlyList<RandomParameter> parameters)
    {
        if (example.Weight is not (0 or 1))
            yield return example with { Weight = 1 };

        double[][] initial = [.. parameters.Select(parameter => parameter.Values)];
        IReadOnlyList<Matrix> values = example.Evaluate(parameters, initial, seed: 0, number: 0, isTraining: true).Values;
        for (int i = 1; i < example.Outputs.Length; i++)
            yield return example with { Outputs = [.. example.Outputs.Take(i), .. example.Outputs.Skip(i + 1)] };

        foreach (IReadOnlyList<Step> fewer in WithoutUnused(example.Steps, [example.Loss, .. example.Outputs]))
            yield return example with { Steps = fewer };

        foreach (int other in Instead(example.Loss, example.Steps, SameShape))
            yield return example with { Loss = other };

        for (int i = 0; i < example.Outputs.Length; i++)
        {
            foreach (int other in Instead(example.Outputs[i], example.Steps, (_, _) => true))
                yield return example with { Outputs = [.. example.Outputs.Take(i), other, .. example.Outputs.Skip(i + 1)] };
        }

        foreach (IReadOnlyList<Step> simpler in WithOtherOperands(example.Steps, SameShape))
            yield return example with { Steps = simpler };

        bool SameShape(int a, int b) => values[a] is { } x && values[b] is { } y && Naive.ShapeOf(x) == Naive.ShapeOf(y);
    }

    // Shapes within a body are not known: an operand is replaced by one of its own, and what does not fit fails in another way.
    private static IEnumerable<FunctionDefinition> Smaller(FunctionDefinition function)
    {
        foreach (IReadOnlyList<Step> fewer in WithoutUnused(function.Steps, function.Results))
            yield return function with { Steps = fewer };

        for (int i = 0; i < function.Results.Length; i++)
        {
            foreach (int other in Instead(function.Results[i], function.Steps, (_, _) => true))
                yield return function with { Results = [.. function.Results.Take(i), other, .. function.Results.Skip(i + 1)] };
        }

        foreach (IReadOnlyList<Step> simpler in WithOtherOperands(function.Steps, (_, _) => true))
            yield return function with { Steps = simpler };
    }

    private static IEnumerable<IReadOnlyList<Step>> WithoutUnused(IReadOnlyList<Step> steps, int[] results)
    {
        for (int i = steps.Count - 1; i >= 0; i--)
        {
            if (!steps[i].Results.Any(value => results.Contains(value) || steps.Any(step => step.Operands.Contains(value))))
                yield return [.. steps.Take(i), .. steps.Skip(i + 1)];
        }
    }

    private static IEnumerable<IReadOnlyList<Step>> WithOtherOperands(IReadOnlyList<Step> steps, Func<int, int, bool> fits)
    {
        for (int i = 0; i < steps.Count; i++)
        {
            Step step = steps[i];
            if (step.Operation == Operations.Total && step.Operands.Length > 2)
                yield return Replaced(i, step with { Operands = step.Operands[1..] });

            // What is differentiated by must stay a value of its own: the generator sees to that.
            int count = step.Operation is { } operation && Operations.Derivatives.Contains(operation) ? 1 : step.Operands.Length;
            for (int k = 0; k < count; k++)
            {
                foreach (int other in Instead(step.Operands[k], steps, fits))
                    yield return Replaced(i, step with { Operands = [.. step.Operands.Take(k), other, .. step.Operands.Skip(k + 1)] });
            }
        }

        IReadOnlyList<Step> Replaced(int index, Step other) => [.. steps.Take(index), other, .. steps.Skip(index + 1)];
    }

    // What a value is computed from, or a parameter.
    private static IEnumerable<int> Instead(int value, IReadOnlyList<Step> steps, Func<int, int, bool> fits)
    {
        Step? maker = steps.FirstOrDefault(step => step.Results.Contains(value));
        return maker is null ? [] : maker.Operands.Concat(Enumerable.Range(0, RandomProgram.ParameterCount)).Distinct().Where(other => fits(value, other));
    }
}
