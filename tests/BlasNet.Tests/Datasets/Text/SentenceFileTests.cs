using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets.Text;

public sealed class SentenceFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("a b\n\n  c  \n")]
    [InlineData("# text = a b\n1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n2\tb\t_\t_\t_\t_\t_\t_\t_\t_\n\n1\tc\t_\t_\t_\t_\t_\t_\t_\t_\n")]
    public void Plain_text_and_conllu_are_told_apart(string text) =>
        Assert.Equal([["a", "b"], ["c"]], SentenceFile.Read(_folder.Write("text", text)));

    [Fact]
    public void A_missing_file_is_an_error_once_it_is_read()
    {
        IEnumerable<string[]> sentences = SentenceFile.Read(_folder.File("none"));

        Assert.Equal($"{_folder.File("none")}: does not exist", Assert.Throws<DataFormatException>(() => sentences.First()).Message);
    }

    public void Dispose() => _folder.Dispose();
}
