namespace BlasNet.Datasets;

/// <summary>Examples to train with, and others to test with.</summary>
/// <param name="Train">In the order of the file.</param>
/// <param name="Test">In the order of the file.</param>
public sealed record DigitSplit(IReadOnlyList<Digit> Train, IReadOnlyList<Digit> Test)
{
    /// <summary>How many classes a classifier needs: by default one more than the largest label of both parts.</summary>
    public int Classes { get; init; } = Digit.ClassesOf(Train.Concat(Test));

    /// <summary>Sets every fifth example of each class aside for the test, always the same ones.</summary>
    /// <remarks>Files of handwriting are ordered by writer: with the tail of the file as the test, a network would meet hands it has never
    /// seen, and every class in another proportion. Counting within the classes (through all of them, so that exactly a fifth is
    /// taken) gives both parts the same hands and the same classes.</remarks>
    public static DigitSplit EveryFifth(IReadOnlyList<Digit> digits)
    {
        ArgumentNullException.ThrowIfNull(digits);

        bool[] isTest = new bool[digits.Count];
        int[] byLabel = [.. Enumerable.Range(0, digits.Count).OrderBy(i => digits[i].Label)];

        for (int i = 0; i < byLabel.Length; i += 5)
            isTest[byLabel[i]] = true;

        return new DigitSplit(
            [.. digits.Where((_, i) => !isTest[i])],
            [.. digits.Where((_, i) => isTest[i])]);
    }
}
