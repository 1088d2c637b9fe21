namespace BlasNet.Training;

/// <summary>Divides the examples of a step among workers or ranks.</summary>
internal static class WorkDivision
{
    /// <summary>Makes parts of neighbouring examples, as near to equal work as they come, and at least one example for each.</summary>
    /// <param name="examples">At least as many as there are parts.</param>
    /// <param name="workOf">An example's work, at least 0.</param>
    /// <param name="bounds">Receives the first example of each part, and at its end the number of examples.</param>
    public static void Divide<TExample>(ReadOnlySpan<TExample> examples, Func<TExample, double> workOf, Span<int> bounds)
    {
        int parts = bounds.Length - 1;
        double all = 0;
        foreach (TExample example in examples)
            all += workOf(example);

        bounds[0] = 0;
        double done = 0;
        int part = 1;
        for (int i = 0; i < examples.Length && part < parts; i++)
        {
            double work = workOf(examples[i]);
            bool isFull = done + work / 2 > all * part / parts && i > bounds[part - 1];
            if (isFull || examples.Length - i == parts - part)
                bounds[part++] = i;

            done += work;
        }

        bounds[parts] = examples.Length;
    }
}
