namespace BlasNet.Tests.Datasets;

/// <summary>The English Web Treebank, read where it is and never copied (CC BY-SA 4.0).</summary>
/// <remarks>In the folder that BLASNET_EWT names, or in shared/data/ewt beside the repository; tests skip without it.</remarks>
internal static class Ewt
{
    /// <param name="part"><c>train</c> or <c>dev</c>.</param>
    public static string File(string part)
    {
        string folder = Environment.GetEnvironmentVariable("BLASNET_EWT") ?? Path.Combine(Repository.Root, "..", "shared", "data", "ewt");
        string path = Path.GetFullPath(Path.Combine(folder, $"{part}.conllu.gz"));
        Assert.SkipUnless(System.IO.File.Exists(path), $"{path} is not there; set BLASNET_EWT to the folder of the treebank.");
        return path;
    }
}
